#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/table_state.hpp"
#include "engine/task_context.hpp"
#include "replica/state/gaps.hpp"
#include "source/shard_lineage.hpp"

namespace dynamite {

/// The stream of one table as a daemon follows it: finds its shards, starts their lanes, records
/// gaps, and notes up to when all was read. docs/protocol.md, "Following a table". For one thread
/// at a time.
class FollowedStream {
 public:
  FollowedStream(std::shared_ptr<TableState> table, const TaskContext& context);

  /// Looks at the source, and starts the lanes of new shards, if that is due. Throws
  /// Error{transient}, as all below that take a worker.
  void look(Worker& worker);

  /// The stream is there, and a reader of each of its shards is open: what changes from now on
  /// will be read.
  bool readers_open() const;

  /// From now on caught_up() and drained() speak of all that happened before now.
  void expect_all_before_now();
  /// The same, and the shards are listed once more first.
  void expect_all_of_shards_listed_anew();
  /// Every record from before then was read.
  bool caught_up() const;
  /// Of a stream that is caught up: no shard has given a record since then.
  bool drained() const;

  /// For a stream that is caught up: notes up to when it was read, and expects all before now next.
  /// Does nothing if that was noted a short time ago, and returns false. Once a minute it also
  /// forgets what nothing can need any more: old shards, tombstones, dead letters.
  bool note_caught_up(Worker& worker);

 private:
  bool discovery_due() const;
  void discover(Worker& worker);
  std::optional<std::string> look_at_source(Worker& worker);
  void enter_stream(Worker& worker, const std::string& stream_arn, std::uint64_t generation);
  void check_presence(Worker& worker);
  void start_shards(Worker& worker, const StreamDescription& stream);
  void finish_lost_shard(Worker& worker, const std::string& shard);
  void record_gap_of(Worker& worker, const std::string& shard, const std::string& reason);
  void say_gap(const Gap& gap);
  void tidy(Worker& worker);
  void forget_old(Worker& worker);

  const std::shared_ptr<TableState> table_;
  DynamoDb& dynamodb_;
  const LaneContext lanes_;
  const EngineOptions& options_;
  const std::chrono::milliseconds discovery_interval_;

  bool there_ = false;  // it can be followed
  std::string stream_arn_;
  std::string stream_label_;
  KnownShards known_;
  std::map<std::string, std::string> positions_;  // of known_, as of when we took over
  std::size_t waiting_ = 0;                       // shards whose parent is not read to its end
  std::size_t childless_ = 0;  // shards that ended, whose children nobody has seen
  TimePoint discovered_{};
  TimePoint drain_from_{};    // what happened before must be read
  Micros drain_from_time_{};  // the same by the clock on the wall
  TimePoint followed_noted_{};
  TimePoint tidied_{}, expired_{};
};

}  // namespace dynamite
