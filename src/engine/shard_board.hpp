#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/batch.hpp"
#include "core/clock.hpp"

namespace dynamite {

/// How far the shards of one table's stream are read. Their lanes write it; the one that follows
/// the stream reads it. Safe to use from many threads.
class ShardBoard {
 public:
  /// Another stream is read from now on: nothing of the shards of the last one counts any more.
  void enter_stream(std::uint64_t generation);
  /// The generation of the stream that is read; 0: none is read yet.
  std::uint64_t generation() const noexcept { return generation_; }

  void started(const std::string& shard, TimePoint now);
  /// The shard's first page was read: what is written from now on will be read.
  void opened(const std::string& shard);
  /// The shard was read to its end.
  void finished(const std::string& shard);
  /// A page that was asked for at `asked` was empty.
  void idle(const std::string& shard, TimePoint asked);
  /// A page held records.
  void busy(const std::string& shard);
  /// Records are committed; `newest` is the time of the newest of them.
  void applied(const std::string& shard, Micros newest);
  /// A page was read, or its records are committed.
  void progressed(const std::string& shard, TimePoint now);
  void forget(const std::string& shard);

  bool running(const std::string& shard) const;
  /// Whether each shard is finished.
  std::map<std::string, bool> shards() const;
  bool all_open() const;
  /// Every shard is finished, or was empty in several pages in a row since `since`.
  bool drained_since(TimePoint since) const;
  /// All that happened before `since` was read from every shard: the shard was drained, or has
  /// given a record newer than `since_time`, which is `since` by the time of day. A shard that is
  /// written to all the time is never empty.
  bool caught_up_since(TimePoint since, Micros since_time) const;
  /// A shard that has made no progress since `since`; absent: all have, or are finished.
  std::optional<std::string> stalled_since(TimePoint since) const;

  /// True once after a shard ended: its children are to be found now.
  bool take_discovery_request() noexcept { return discovery_requested_.exchange(false); }

 private:
  struct Shard {
    bool opened = false;
    bool finished = false;
    Micros newest{};  // record that was read
    TimePoint progressed{};
    std::deque<TimePoint> empty_pages{};  // when the last few, in a row, were asked for
  };
  static bool drained(const Shard& shard, TimePoint since);

  std::atomic<std::uint64_t> generation_ = 0;
  std::atomic<bool> discovery_requested_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, Shard> shards_;
};

}  // namespace dynamite
