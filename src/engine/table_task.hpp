#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/engine_options.hpp"
#include "engine/lane.hpp"
#include "engine/table_state.hpp"
#include "replica/state/follower.hpp"
#include "source/dynamodb.hpp"
#include "source/shard_lineage.hpp"

namespace dynamite {

/// What the engine gives to the tasks of its tables. All outlive them.
struct TaskContext {
  DynamoDb& dynamodb;
  LaneContext lanes;
  const EngineOptions& options;
  std::chrono::milliseconds discovery_interval;  ///< EngineOptions', for so many tables
};

/// Looks after one table: finds its shards, opens their readers, makes a pass where one is needed,
/// and says when the table is followed. docs/protocol.md, "Following a table".
class TableTask : public Task {
 public:
  TableTask(std::shared_ptr<TableState> table, const TaskContext& context);

  std::optional<TimePoint> step(Worker& worker) override;
  void fail(const Error& error) override { table_->fail(error); }
  std::string name() const override { return table_->replica.name(); }
  void note_repeat(const Error& error, TimePoint since) override {
    table_->note_repeat("looking after the table", error, since);
  }
  void note_recovery() override { table_->note_recovery("looking after the table"); }

 private:
  enum class Phase : std::uint8_t { open_readers, decide, scan, sweep, follow };

  void open_readers();
  void decide(Worker& worker);
  void stop_at_gap();
  void begin_pass(Worker& worker);
  std::uint64_t oldest_generation(Worker& worker);
  void add_segments(Worker& worker);
  void sweep(Worker& worker);
  void follow(Worker& worker);
  void enter_follow();

  bool discovery_due();
  void discover(Worker& worker);
  std::optional<std::string> look_at_source(Worker& worker);
  void enter_stream(Worker& worker, const std::string& stream_arn, std::uint64_t generation);
  void start_shards(Worker& worker, const StreamDescription& stream);
  void note_gap(Worker& worker, const std::string& shard, const std::string& reason);
  void say_gap(const Gap& gap);
  bool caught_up() const;
  void note_followed_now(Worker& worker);
  void forget_old(Worker& worker);
  void check_presence(Worker& worker);
  void expect_all_before_now();

  std::shared_ptr<TableState> table_;
  DynamoDb& dynamodb_;
  const LaneContext lanes_;
  const EngineOptions& options_;
  const std::chrono::milliseconds discovery_interval_;

  Phase phase_ = Phase::open_readers;
  std::int32_t epoch_ = 0;  // of the pass that runs
  std::string stream_arn_;
  std::string stream_label_;
  KnownShards known_;                             // of the stream that is read
  std::map<std::string, std::string> positions_;  // of known_, as of when we took over
  std::size_t waiting_ = 0;                       // shards whose parent is not read to its end
  std::size_t childless_ = 0;                     // … that ended, whose children nobody has seen
  bool source_there_ = false;                     // a stream that can be followed
  bool following_ = false;                        // `following` was noted
  TimePoint discovered_{};
  TimePoint drain_from_{};    // what happened before must be read
  Micros drain_from_time_{};  // the same by the clock on the wall
  TimePoint followed_noted_{};
  TimePoint tidied_{};
};

}  // namespace dynamite
