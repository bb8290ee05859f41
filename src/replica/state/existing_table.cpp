#include "replica/state/existing_table.hpp"

#include <fmt/format.h>

#include <map>

#include "core/error.hpp"
#include "replica/state/table_sql.hpp"

namespace dynamite {
namespace {

struct FoundColumn {
  std::string type;
  std::int64_t key_position;  // 0: not of the primary key

  bool operator==(const FoundColumn&) const = default;
};

std::string describe(const FoundColumn& column) {
  return column.key_position == 0
             ? column.type
             : fmt::format("{}, part {} of the primary key", column.type, column.key_position);
}

std::map<std::string, FoundColumn> columns_wanted(const Layout& layout) {
  std::map<std::string, FoundColumn> wanted;
  std::int64_t key_parts = 0;
  for (const Column& column : layout.all())
    wanted[column.name] = {.type = std::string{type_in_catalogue(column.type)},
                           .key_position = column.role == ColumnRole::key ? ++key_parts : 0};
  return wanted;
}

constexpr std::string_view kColumnsFound = R"(
SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attcollation = (SELECT c.oid FROM pg_collation c WHERE c.collname = 'C'
        AND c.collnamespace = 'pg_catalog'::regnamespace) THEN ' COLLATE "C"' ELSE '' END,
  coalesce(k.position, 0)
FROM pg_attribute a
LEFT JOIN (
  SELECT part.attnum, part.position
  FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS part(attnum, position)
  WHERE i.indrelid = to_regclass($1) AND i.indisprimary) k ON k.attnum = a.attnum
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum)";

}  // namespace

bool table_is_there(pg::Connection& connection, const Target& target) {
  return connection
      .run("SELECT to_regclass($1) IS NOT NULL",
           std::move(pg::Params{}.text(target.qualified_name())))
      .flag(0, 0);
}

// A view or an index of that name would fail later, with a message that tells less.
void require_table_or_nothing(pg::Connection& connection, const Replica& wanted,
                              const Target& target) {
  const pg::Result found =
      connection.run(R"(
SELECT CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view'
  WHEN 'i' THEN 'an index' WHEN 'I' THEN 'an index' WHEN 'S' THEN 'a sequence'
  WHEN 'c' THEN 'a type' WHEN 'f' THEN 'a foreign table' ELSE 'no table' END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind NOT IN ('r', 'p')
UNION ALL
SELECT 'a type' FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = $1 AND t.typname = $2 AND t.typrelid = 0 AND t.typcategory <> 'A')",
                     std::move(pg::Params{}.text(target.schema).text(target.table)));
  if (found.rows() == 0) return;
  throw Error{Error::Kind::usage,
              fmt::format("{} is {}, but the replica of \"{}\" must be a table",
                          target.qualified_name(), found.at(0, 0), wanted.source->arn),
              "set `into` to another name, or rename what is there"};
}

void check_columns(pg::Connection& connection, const Replica& wanted, const Target& target) {
  const auto refuse = [&](const std::string& difference) {
    throw Error{Error::Kind::usage,
                fmt::format("the table {} exists, but not as a replica of \"{}\": {}",
                            target.qualified_name(), wanted.source->arn, difference),
                "rename that table, or set `into` to another name"};
  };
  const auto name = [&] { return std::move(pg::Params{}.text(target.qualified_name())); };
  const pg::Result comment =
      connection.run("SELECT obj_description(to_regclass($1), 'pg_class')", name());
  const std::string_view said = comment.text(0, 0).value_or("");
  if (said.starts_with("replica of ") && said != replica_comment(wanted.source->arn))
    refuse(fmt::format("its comment is \"{}\"", said));
  auto missing = columns_wanted(target.layout);
  const pg::Result rows = connection.run(kColumnsFound, name());
  for (int row = 0; row < rows.rows(); ++row) {
    const FoundColumn found{std::string{rows.at(row, 1)}, rows.number(row, 2)};
    const auto column = missing.find(std::string{rows.at(row, 0)});
    if (column == missing.end() && found.key_position == 0) continue;  // the DBA's
    if (column == missing.end() || column->second != found)
      refuse(fmt::format("its column \"{}\" is {}, wanted: {}", rows.at(row, 0), describe(found),
                         column == missing.end() ? "no such column in the primary key"
                                                 : describe(column->second)));
    missing.erase(column);
  }
  if (missing.empty()) return;
  refuse(fmt::format("it has no column \"{}\" ({})", missing.begin()->first,
                     describe(missing.begin()->second)));
}

}  // namespace dynamite
