#pragma once

#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/replica_table.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Looks at the stream of a replica that Lambda follows, which sees records only, and notes it.
/// Returns why records were lost since the last look, or must have been: each is a gap.
std::vector<std::string> look_at_stream(pg::Connection& connection, const ReplicaTable& replica,
                                        const TableDescription& table);

}  // namespace dynamite
