#include "replica/state/existing_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "replica/history/history_table.hpp"
#include "replica/state/table_sql.hpp"

namespace dynamite {
namespace {

std::string describe(std::string_view type, std::int64_t key_position) {
  return key_position == 0 ? std::string{type}
                           : fmt::format("{}, part {} of the primary key", type, key_position);
}

struct WantedColumn {
  std::string_view type;
  std::int64_t key_position;

  std::string text() const { return describe(type, key_position); }
};

std::map<std::string, WantedColumn> columns_wanted(const Layout& layout) {
  std::map<std::string, WantedColumn> wanted;
  std::int64_t key_parts = 0;
  for (const Column& column : layout.all())
    wanted[column.name] = {.type = type_in_catalogue(column.type),
                           .key_position = column.role == ColumnRole::key ? ++key_parts : 0};
  return wanted;
}

std::map<std::string, WantedColumn> columns_wanted(const HistoryTable& history) {
  std::map<std::string, WantedColumn> wanted;
  std::int64_t key_parts = 0;
  for (const Column& column : history.columns()) {
    const bool is_key = column.role == ColumnRole::key || column.role == ColumnRole::version;
    wanted[column.name] = {.type = type_in_catalogue(column.type),
                           .key_position = is_key ? ++key_parts : 0};
  }
  return wanted;
}

/// How the columns that were found differ from those that are wanted; empty: not at all.
std::string difference(std::map<std::string, WantedColumn> missing,
                       const std::vector<FoundColumn>& all_found) {
  for (const FoundColumn& found : all_found) {
    const auto column = missing.find(found.name);
    if (column == missing.end() && found.key_position == 0) continue;  // the DBA's
    const std::string is = describe(found.type, found.key_position);
    if (column == missing.end() || column->second.text() != is)
      return fmt::format(
          "its column \"{}\" is {}, wanted: {}", found.name, is,
          column == missing.end() ? "no such column in the primary key" : column->second.text());
    missing.erase(column);
  }
  if (missing.empty()) return {};
  return fmt::format("it has no column \"{}\" ({})", missing.begin()->first,
                     missing.begin()->second.text());
}

constexpr std::string_view kColumnsFound = R"(
SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attcollation = (SELECT c.oid FROM pg_collation c WHERE c.collname = 'C'
        AND c.collnamespace = 'pg_catalog'::regnamespace) THEN ' COLLATE "C"' ELSE '' END,
  coalesce(k.position, 0), a.attnotnull, coalesce(col_description(a.attrelid, a.attnum), '')
FROM pg_attribute a
LEFT JOIN (
  SELECT part.attnum, part.position
  FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS part(attnum, position)
  WHERE i.indrelid = to_regclass($1) AND i.indisprimary) k ON k.attnum = a.attnum
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum)";

std::vector<FoundColumn> columns_of(pg::Connection& connection, const std::string& table) {
  const pg::Result rows = connection.run(kColumnsFound, std::move(pg::Params{}.text(table)));
  std::vector<FoundColumn> found;
  for (int row = 0; row < rows.rows(); ++row)
    found.push_back({.name = std::string{rows.at(row, 0)},
                     .type = std::string{rows.at(row, 1)},
                     .key_position = rows.number(row, 2),
                     .not_null = rows.flag(row, 3),
                     .comment = std::string{rows.at(row, 4)}});
  return found;
}

void check_attribute_column(const Replica& replica, const Target& target, const Column& column,
                            const std::vector<FoundColumn>& found) {
  const auto refuse = [&](std::string_view is, std::string_view wanted, const std::string& hint) {
    throw Error{Error::Kind::usage,
                fmt::format("the column \"{}\" of the replica {} is {}, wanted: {}", column.name,
                            target.qualified_name(), is, wanted),
                fmt::format("ALTER TABLE {} {}", target.qualified_name(), hint)};
  };
  const auto same = std::ranges::find(found, column.name, &FoundColumn::name);
  const std::string_view wanted = type_in_catalogue(column.type);
  const std::string name = column.quoted();
  if (same == found.end())
    refuse("missing", wanted,
           fmt::format("ADD COLUMN {} {}, then `dynamite snapshot --table {}` fills it", name,
                       type_definition(column.type), replica.name()));
  if (same->type != wanted)
    refuse(same->type, wanted,
           fmt::format("ALTER COLUMN {} TYPE {}", name, type_definition(column.type)));
  if (same->not_null && !column.not_null)
    refuse("NOT NULL", "a column that may be NULL",
           fmt::format("ALTER COLUMN {} DROP NOT NULL", name));
}

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

std::vector<FoundColumn> find_columns(pg::Connection& connection, const Target& target) {
  return columns_of(connection, target.qualified_name());
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
  const std::string differs =
      difference(columns_wanted(target.layout), find_columns(connection, target));
  if (!differs.empty()) refuse(differs);
}

void require_history_or_nothing(pg::Connection& connection, const Target& target) {
  const HistoryTable history = history_of(target);
  const std::vector<FoundColumn> found = columns_of(connection, history.qualified_name());
  if (found.empty()) return;
  const std::string differs = difference(columns_wanted(history), found);
  if (differs.empty()) return;
  throw Error{Error::Kind::usage,
              fmt::format("{} exists, but not as the history of {}: {}", history.qualified_name(),
                          target.qualified_name(), differs),
              "rename what is there, or set `into` to another name"};
}

void check_attribute_columns(pg::Connection& connection, const Replica& replica) {
  for (const Target& target : replica.targets) {
    if (target.mapping.columns.empty()) continue;
    const std::vector<FoundColumn> found = find_columns(connection, target);
    if (found.empty()) continue;  // the table itself is missing
    for (const Column& column : target.layout.values())
      check_attribute_column(replica, target, column, found);
  }
}

}  // namespace dynamite
