#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "engine/pass_progress.hpp"
#include "engine/shard_board.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// What the tasks of one table know of each other. Safe to use from many threads.
class TableState {
 public:
  TableState(Replica table, std::uint64_t items, std::uint32_t segments_wanted,
             std::optional<double> read_units)
      : replica{std::move(table)},
        items_total{items},
        segments{segments_wanted},
        pass{read_units} {}

  const Replica replica;
  const std::uint64_t items_total;      ///< as DynamoDB counts them, roughly
  const std::uint32_t segments;         ///< of a new pass
  std::atomic<std::int64_t> owner = 0;  ///< 0: not ours
  std::atomic<std::uint64_t> changes_applied = 0;
  PassProgress pass;
  ShardBoard shards;

  /// The tasks of the table shall end: it is complete, stopped, or failed.
  void end() noexcept { ended_ = true; }
  bool ended() const noexcept { return ended_; }

  void fail(const Error& error);
  std::optional<Error> failure() const;

  /// Why there is nothing to follow now; empty: there is.
  void set_source_problem(std::string problem);
  /// `what` is repeated, and has failed each time since `since`. This holds until note_recovery.
  void note_repeat(const std::string& what, const Error& error, TimePoint since);
  void note_recovery(const std::string& what);
  /// What a person should know of: that there is nothing to follow, what is repeated since before
  /// `since`, or a shard that has made no progress since then. Empty: nothing.
  std::string problem(TimePoint since) const;

  /// A gap was recorded: a new pass is due.
  void gap_recorded() noexcept { gap_recorded_ = true; }
  bool gap_open() const noexcept { return gap_recorded_; }
  /// The caller looks into the state schema next, which knows of all gaps.
  void forget_gap() noexcept { gap_recorded_ = false; }

 private:
  struct Repeat {
    TimePoint since;
    std::string reason;
  };

  std::atomic<bool> ended_ = false;
  std::atomic<bool> gap_recorded_ = false;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  std::string source_problem_;
  std::map<std::string, Repeat> repeats_;  // by what is repeated
};

}  // namespace dynamite
