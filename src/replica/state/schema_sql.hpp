#pragma once

#include <string>
#include <vector>

#include "replica/state/replica.hpp"

namespace dynamite {

/// The version of the state schema that this program makes and needs.
inline constexpr int kCatalogueVersion = 1;

/// The statement that makes a schema. CREATE SCHEMA IF NOT EXISTS would need the right to make one
/// where it is there already.
std::vector<std::string> schema_sql(const std::string& name);

/// The statements that make the state schema: its tables, functions and the view `status`, and the
/// schema itself unless it `is_there`.
std::vector<std::string> state_schema_sql(const std::string& state_schema, bool is_there);

/// Pins where names are looked for: of a function, or of a session that runs our SQL.
std::string search_path_sql();

/// The comment on a replica table, which tells whose replica it is.
std::string replica_comment(const std::string& source_arn);

/// The statement that makes the replica table itself, and those of its comments.
std::vector<std::string> replica_table_sql(const Replica& replica, const Target& target);

/// The statements that make the targets' tombstones and the replica's row in `replica`.
std::vector<std::string> registration_sql(const Replica& replica);

/// Lets `role` read the target and the view `status`, never the dead letters.
std::vector<std::string> grant_select_sql(const Replica& replica, const Target& target,
                                          const std::string& role);

}  // namespace dynamite
