#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "engine/scheduler.hpp"
#include "replica/state/replica.hpp"
#include "source/read_rate.hpp"

namespace dynamite {

/// What the tasks of one table know of each other. Safe to use from many threads.
class TableState {
 public:
  TableState(Replica table, std::uint64_t items, std::uint32_t segments_wanted,
             std::optional<double> read_units)
      : replica{std::move(table)},
        items_total{items},
        segments{segments_wanted},
        read_rate{read_units} {}

  const Replica replica;
  const std::uint64_t items_total;  ///< as DynamoDB counts them, roughly
  const std::uint32_t segments;     ///< of a new pass
  ReadRate read_rate;
  std::atomic<bool> loads = false;  ///< the pass fills a replica that has no rows but its own
  std::atomic<std::uint64_t> items_scanned = 0;
  std::atomic<std::uint64_t> changes_applied = 0;
  std::atomic<std::int64_t> owner = 0;        ///< 0: not ours
  std::atomic<std::uint64_t> generation = 0;  ///< of the stream that is read; 0: none yet

  /// The tasks of the table shall end: it is complete, stopped, or failed.
  void end() noexcept { ended_ = true; }
  bool ended() const noexcept { return ended_; }

  void fail(const Error& error);
  std::optional<Error> failure() const;

  // Shards of the stream that is read now.
  void shard_started(const std::string& shard, TimePoint now);
  void shard_opened(const std::string& shard);
  void shard_finished(const std::string& shard);
  /// A page that was asked for at `asked` was empty.
  void shard_idle(const std::string& shard, TimePoint asked);
  /// A page held records.
  void shard_busy(const std::string& shard);
  /// Records are committed, the newest of that time.
  void shard_applied(const std::string& shard, Micros newest);
  /// It was read, or what was read is committed.
  void shard_progressed(const std::string& shard, TimePoint now);
  void forget_shard(const std::string& shard);
  void forget_shards();

  bool running(const std::string& shard) const;
  std::map<std::string, bool> shards() const;  ///< whether finished, by shard
  bool all_open() const;
  /// Every shard is finished, or was empty in several pages in a row since `since`.
  bool drained_since(TimePoint since) const;

  /// All that happened before `since` was read from every shard: it was drained, or has given a
  /// newer record. A shard that is written to all the time is never empty.
  bool caught_up_since(TimePoint since, Micros since_time) const;

  /// Why there is nothing to follow now; empty: there is.
  void set_source_problem(std::string problem);
  /// `what` has failed each time since `since`, and is repeated; until note_recovery.
  void note_repeat(const std::string& what, const Error& error, TimePoint since);
  void note_recovery(const std::string& what);
  /// What a person should know of: that there is nothing to follow, what is repeated since before
  /// `since`, or a shard that has made no progress since then. Empty: nothing.
  std::string problem(TimePoint since) const;

  /// A shard ended: look at the stream now.
  bool take_discovery_request() noexcept { return discovery_requested_.exchange(false); }

  /// A gap was recorded: a new pass is due.
  void gap_recorded() noexcept { gap_recorded_ = true; }
  bool gap_open() const noexcept { return gap_recorded_; }
  /// Who calls this looks into the state schema next.
  void forget_gap() noexcept { gap_recorded_ = false; }

  // Segments of the pass that runs.
  void pass_started(std::int32_t segments) noexcept { segments_left_ = segments; }
  void segment_finished() noexcept { --segments_left_; }
  std::int32_t segments_left() const noexcept { return segments_left_; }

 private:
  struct Shard;
  static bool drained(const Shard& shard, TimePoint since);

  struct Shard {
    bool opened = false;
    bool finished = false;
    Micros newest{};  // record that was read
    TimePoint progressed{};
    std::deque<TimePoint> empty_pages{};  // when the last few, in a row, were asked for
  };

  std::atomic<bool> ended_ = false;
  std::atomic<bool> discovery_requested_ = false;
  std::atomic<bool> gap_recorded_ = false;
  std::atomic<std::int32_t> segments_left_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, Shard> shards_;
  std::optional<Error> failure_;
  std::string source_problem_;
  struct Repeat {
    TimePoint since;
    std::string reason;
  };
  std::map<std::string, Repeat> repeats_;  // by what is repeated
};

}  // namespace dynamite
