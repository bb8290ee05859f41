#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "ingest/ingest.hpp"
#include "sim/client.hpp"
#include "sim/place.hpp"
#include "sim/table.hpp"

namespace dynamite::sim {

/// `dynamite lambda` behind event source mappings of all streams that a table has and had.
/// Invocations are repeated, frozen and thawed, and given up; docs/protocol.md, "Lambda".
class Lambda {
 public:
  Lambda(const Place& place, Transport& transport, Chance& chance);

  /// One invocation, with the next records of any shard whose parent was read to its end. False:
  /// there are none.
  bool invoke(const Table& table);

  /// Invocations that were frozen go on, in any order.
  void thaw();

  /// `dynamite apply` of what was given up. What fails stays. Returns how many batches it did.
  std::size_t redrive();

  /// Records wait although the function is invoked again and again: Lambda says PROBLEM.
  bool held_up(const Table& table);

  /// The longest that a record had waited when the function was given it, since then: IteratorAge.
  std::chrono::seconds record_age(Micros since) const;

  bool has_given_up() const noexcept { return !given_up_.empty(); }

 private:
  /// How far a shard was read.
  struct Position {
    std::size_t next = 0;  // of its records
    bool finished = false;
  };
  using ShardKey = std::pair<std::string, std::string>;  // the stream's ARN, the shard's id
  /// Records that come next, of one shard.
  struct Waiting {
    const Stream* stream;
    const Shard* shard;
    Position* position;
  };
  struct Frozen {
    std::string event;
    TimePoint deadline;
  };

  std::vector<Waiting> waiting(const Table& table);
  std::string next_event(const Waiting& from, std::size_t records) const;
  bool handle(Ingest& handler, const std::string& event, std::chrono::nanoseconds left);

  Client client_;
  Chance& chance_;
  Ingest handler_, thawed_, late_;
  std::map<ShardKey, Position> positions_;
  std::vector<Frozen> frozen_;
  std::vector<std::string> given_up_;
  std::deque<std::pair<Micros, std::chrono::seconds>> ages_;  // of records, when they were given
};

}  // namespace dynamite::sim
