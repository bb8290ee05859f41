#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dynamite {

/// The version of the state schema that this program makes and needs.
inline constexpr int kCatalogueVersion = 4;

/// The statement that makes a schema. CREATE SCHEMA IF NOT EXISTS would need the right to make one
/// where it is there already.
std::vector<std::string> schema_sql(const std::string& name);

/// The statements that make the state schema: its tables, functions and the view `status`, and the
/// schema itself unless it `is_there`.
std::vector<std::string> state_schema_sql(const std::string& state_schema, bool is_there);

/// The statements that make the tables of targets and of their attributes.
std::vector<std::string> target_tables_sql(const std::string& state_schema);

/// The statements that make the functions of the fences and the view `status`.
/// `create`: CREATE or CREATE OR REPLACE.
std::vector<std::string> state_functions_sql(const std::string& state_schema,
                                             std::string_view create);

/// `text` with its placeholders filled. {0}: the state schema, quoted; {1} pins the search_path of
/// a function, whoever calls it; {2} quotes the body of a function; {3}: `create`; {4}: `more`.
std::string state_text(std::string_view text, const std::string& state_schema,
                       std::string_view create = {}, std::string_view more = {});

/// Pins where names are looked for: of a function, or of a session that runs our SQL.
std::string search_path_sql();

}  // namespace dynamite
