#pragma once

#include <string>
#include <vector>

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

}  // namespace dynamite
