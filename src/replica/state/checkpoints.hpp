#pragma once

#include <map>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// The durable position of a lane, written with the rows that it stands behind.
struct Checkpoint {
  std::string lane;
  std::string position;
  bool finished = false;
};

/// The checkpoints of the lanes whose names begin with `prefix`, by lane.
std::map<std::string, Checkpoint> load_checkpoints(pg::Connection& connection, const Replica& table,
                                                   const std::string& prefix);

/// A segment's position, which names a key, as its checkpoint has it: sealed under the key of hash
/// where keys are hashed.
std::string stored_position(const Replica& table, const std::string& position);

/// What stored_position was made of. A position that cannot be read is that of the beginning: to
/// read a segment again does no harm.
std::string position_of(const Replica& table, const std::string& stored);

/// Forgets shards that were read to their end two days ago: no stream lists them any more. Returns
/// their lanes.
std::vector<std::string> forget_old_shards(pg::Connection& connection, const Replica& table);

}  // namespace dynamite
