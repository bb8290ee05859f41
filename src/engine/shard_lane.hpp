#pragma once

#include <memory>
#include <string>

#include "engine/engine_options.hpp"
#include "engine/lane.hpp"
#include "source/shard_reader.hpp"

namespace dynamite {

/// The name of a shard's checkpoint.
std::string shard_lane(const std::string& stream_label, const std::string& shard_id);

/// The lane of one shard.
class ShardLane : public Lane {
 public:
  /// `position`: of the checkpoint; empty: from TRIM_HORIZON.
  ShardLane(const LaneContext& context, std::shared_ptr<TableState> table, DynamoDb& dynamodb,
            ShardPlace place, const std::string& position, const EngineOptions& options);

 private:
  /// True also when the table's task has entered a newer stream.
  bool ended() const override;
  /// An error of a stream that was left for a newer one does not concern the table.
  void fail(const Error& error) override;
  TimePoint read_due() override { return read_due_; }
  Ahead read(const std::stop_token& stop) override;
  void apply(Worker& worker, const Ahead& ahead) override;
  void lose(Worker& worker, const Error& loss) override;

  void apply_batch(Worker& worker, const Ahead& ahead);
  Batch read_images(const Batch& batch, const std::stop_token& stop);
  TimePoint when_idle();

  DynamoDb& dynamodb_;
  const ShardPlace place_;
  const EngineOptions& options_;

  // Of the reading half. The applying half changes them in lose(), for which the reading half
  // waits.
  ShardReader reader_;
  bool after_loss_ = false;  // nothing was read since a loss
  std::chrono::milliseconds idle_delay_{};
  TimePoint read_due_{};
};

}  // namespace dynamite
