#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/engine_options.hpp"
#include "engine/scheduler.hpp"
#include "engine/table_state.hpp"
#include "source/shard_reader.hpp"

namespace dynamite {

/// The lane of one shard: reads a page, applies it with its checkpoint, and so on.
class ShardTask : public Task {
 public:
  ShardTask(std::shared_ptr<TableState> table, DynamoDb& dynamodb, ShardPlace place,
            std::string position, const EngineOptions& options);

  std::optional<TimePoint> step(Worker& worker) override;
  /// What happens to a stream that was followed by a newer one does not concern the table.
  void fail(const Error& error) override;
  std::string name() const override;

  /// The name of the shard's checkpoint.
  static std::string lane(const std::string& stream_label, const std::string& shard_id);

 private:
  bool superseded() const;
  std::optional<TimePoint> read(Worker& worker);
  std::optional<TimePoint> apply(Worker& worker);
  Batch read_images(const Batch& batch, const std::stop_token& stop);
  void lost(Worker& worker, const Error& error);
  TimePoint when_idle();

  std::shared_ptr<TableState> table_;
  DynamoDb& dynamodb_;
  ShardPlace place_;
  const EngineOptions& options_;
  std::string lane_;
  ShardReader reader_;
  std::optional<Turn> pending_;  // read, not yet applied: a repeat applies it again
  std::chrono::milliseconds idle_delay_{};
};

}  // namespace dynamite
