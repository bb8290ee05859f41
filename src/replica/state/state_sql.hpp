#pragma once

#include <string>
#include <vector>

#include "replica/state/replica.hpp"

namespace dynamite {

/// The version of the state schema that this program makes and needs.
inline constexpr int kCatalogueVersion = 2;

/// The statement that makes a schema. CREATE SCHEMA IF NOT EXISTS would need the right to make one
/// where it is there already.
std::vector<std::string> schema_sql(const std::string& name);

/// The statements that make the state schema: its tables, functions and the view `status`, and the
/// schema itself unless it `is_there`.
std::vector<std::string> state_schema_sql(const std::string& state_schema, bool is_there);

/// What a role may do with the table `replica`.
struct StateGrant {
  std::string role;        ///< quoted, or PUBLIC
  std::string privileges;  ///< as GRANT takes them
};

/// The statements that make a state schema of version 1, with these replicas, one of version 2.
/// What a role may do with `replica`, it may do with `target` then. No replica is touched.
std::vector<std::string> upgrade_sql(const std::string& state_schema,
                                     const std::vector<Replica>& replicas,
                                     const std::vector<StateGrant>& grants);

/// Pins where names are looked for: of a function, or of a session that runs our SQL.
std::string search_path_sql();

}  // namespace dynamite
