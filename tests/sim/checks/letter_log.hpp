#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/version.hpp"
#include "replica/state/replica.hpp"

namespace dynamite::pg {
class Connection;
}

namespace dynamite::sim {

/// A record by its key, as the replica has it, and its version.
using RecordOf = std::pair<std::string, Version>;

/// Statements that have a state schema remember the dead letters that are retried or discarded.
std::vector<std::string> letter_log_sql(const std::string& state_schema);

/// The records that were dead letters of the replica at any time since.
std::set<RecordOf> refused_records(pg::Connection& connection, const Replica& replica);

}  // namespace dynamite::sim
