#include "replica/state/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/error.hpp"
#include "core/sleep.hpp"
#include "pg/identifier.hpp"
#include "pg/pg_error.hpp"
#include "pg/pipeline.hpp"
#include "replica/state/schema_sql.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr int kDdlAttemptsMax = 30;  // of 2 s each: a minute of somebody else's long transaction

KeyAttribute key_attribute(std::string_view name, std::string_view type) {
  return {.name = std::string{name}, .type = static_cast<KeyType>(type.at(0))};
}

Replica replica_of_row(const pg::Result& rows, int row, const std::string& state_schema) {
  SourceTable source{.arn = std::string{rows.at(row, 1)},
                     .key_schema = {.partition = key_attribute(rows.at(row, 4), rows.at(row, 5)),
                                    .sort = std::nullopt}};
  if (rows.text(row, 6)) source.key_schema.sort = key_attribute(rows.at(row, 6), rows.at(row, 7));
  return {.id = static_cast<std::int32_t>(rows.number(row, 0)),
          .source = std::make_shared<const SourceTable>(std::move(source)),
          .state_schema = state_schema,
          .targets = {new_target(state_schema, std::string{rows.at(row, 2)},
                                 std::string{rows.at(row, 3)})}};
}

std::string describe(const KeyAttribute& attribute) {
  return fmt::format("\"{}\" {}", attribute.name, static_cast<char>(attribute.type));
}

std::string describe(const KeySchema& keys) {
  return keys.sort ? describe(keys.partition) + ", " + describe(*keys.sort)
                   : describe(keys.partition);
}

struct Column {
  std::string type;
  std::int64_t key_position;  // 0: not of the primary key

  bool operator==(const Column&) const = default;
};

std::string describe(const Column& column) {
  return column.key_position == 0
             ? column.type
             : fmt::format("{}, part {} of the primary key", column.type, column.key_position);
}

std::map<std::string, Column> columns_wanted(const KeySchema& keys) {
  const BookkeepingColumns b = bookkeeping_columns(keys);
  std::map<std::string, Column> wanted{
      {b.item, {"jsonb", 0}},
      {b.types, {"jsonb", 0}},
      {b.version, {"numeric", 0}},
      {b.epoch, {"integer", 0}},
      {b.mod_time, {"timestamp with time zone", 0}},
      {b.create_time, {"timestamp with time zone", 0}},
      {key_column_name(keys.partition), {std::string{key_column_type(keys.partition.type)}, 1}}};
  if (keys.sort)
    wanted[key_column_name(*keys.sort)] = {std::string{key_column_type(keys.sort->type)}, 2};
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

// What DDL meets if another process made the same thing since the plan was made.
bool is_duplicate(std::string_view sqlstate) {
  constexpr std::array<std::string_view, 5> kDuplicates{"23505", "42P06", "42P07", "42710",
                                                        "42723"};
  return std::ranges::find(kDuplicates, sqlstate) != kDuplicates.end();
}

}  // namespace

std::optional<int> Catalogue::version() {
  const pg::Result there =
      connection_.run("SELECT to_regclass($1) IS NOT NULL",
                      std::move(pg::Params{}.text(state_name(state_schema_, "catalogue"))));
  if (!there.flag(0, 0)) return std::nullopt;
  const pg::Result row =
      connection_.run("SELECT version FROM " + state_name(state_schema_, "catalogue"));
  return static_cast<int>(row.number(0, 0));
}

void Catalogue::require_usable() {
  const std::optional<int> found = version();
  if (!found)
    throw Error{Error::Kind::usage,
                fmt::format("the database has no state schema \"{}\"", state_schema_),
                "run `dynamite bootstrap`"};
  if (*found != kCatalogueVersion)
    throw Error{
        Error::Kind::usage,
        fmt::format("the state schema \"{}\" has version {}, but this program needs version {}",
                    state_schema_, *found, kCatalogueVersion),
        *found < kCatalogueVersion ? "run `dynamite bootstrap`" : "install a newer dynamite"};
}

std::vector<Replica> Catalogue::select(std::string_view condition, pg::Params params) {
  const std::string sql = fmt::format(
      R"(SELECT replica_id, source_arn, target_schema, target_table, partition_key, partition_type,
  sort_key, sort_type FROM {} WHERE {} ORDER BY table_name, source_arn)",
      state_name(state_schema_, "replica"), condition);
  const pg::Result rows = connection_.run(sql, std::move(params));
  std::vector<Replica> tables;
  for (int row = 0; row < rows.rows(); ++row)
    tables.push_back(replica_of_row(rows, row, state_schema_));
  return tables;
}

std::vector<Replica> Catalogue::load() { return select("true", {}); }

std::optional<Replica> Catalogue::find(std::string_view source_arn) {
  auto found = select("source_arn = $1", std::move(pg::Params{}.text(source_arn)));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<std::string> Catalogue::plan_state() {
  if (!version()) return state_schema_sql(state_schema_, schema_is_there(state_schema_));
  require_usable();
  return {};
}

ReplicaPlan Catalogue::plan_replica(const Replica& wanted) {
  if (version()) {
    if (const auto known = find(wanted.source->arn)) {
      require_unchanged(*known, wanted);
      return {};
    }
    for (const Target& target : wanted.targets) check_target_is_free(wanted, target);
  }
  ReplicaPlan plan;
  const auto append = [&](std::vector<std::string> sql) {
    std::ranges::move(sql, std::back_inserter(plan.sql));
  };
  for (const Target& target : wanted.targets) {
    require_table_or_nothing(wanted, target);
    if (table_is_there(target)) {
      check_columns(wanted, target);
      continue;
    }
    plan.creates_table = true;
    append(replica_table_sql(wanted, target));
  }
  append(registration_sql(wanted));
  return plan;
}

void Catalogue::require_unchanged(const Replica& known, const Replica& wanted) const {
  if (known.source->key_schema != wanted.source->key_schema)
    throw Error{Error::Kind::usage,
                fmt::format("the key of \"{}\" is {}, but its replica {} was made for {}",
                            wanted.source->arn, describe(wanted.source->key_schema),
                            known.qualified_names(), describe(known.source->key_schema)),
                "the table was re-created with another key: replicate it `into` a new table"};
  if (known.qualified_names() != wanted.qualified_names())
    throw Error{Error::Kind::usage,
                fmt::format("the replica of \"{}\" is {}, but the configuration says {}",
                            wanted.source->arn, known.qualified_names(), wanted.qualified_names()),
                "set `into` to the replica that is there"};
}

std::vector<std::string> Catalogue::plan_schema(const std::string& schema) {
  return schema_is_there(schema) ? std::vector<std::string>{} : schema_sql(schema);
}

bool Catalogue::schema_is_there(const std::string& schema) {
  return connection_
      .run("SELECT to_regnamespace($1) IS NOT NULL",
           std::move(pg::Params{}.text(quote_identifier(schema))))
      .flag(0, 0);
}

std::vector<std::string> Catalogue::plan_grants(const Replica& replica,
                                                const std::vector<std::string>& roles) {
  std::vector<std::string> sql;
  for (const std::string& role : roles)
    for (const Target& target : replica.targets) {
      pg::Params params;
      params.text(role).text(target.qualified_name());
      const bool reads =
          table_is_there(target) &&
          connection_.run("SELECT has_table_privilege($1::name, $2, 'SELECT')", std::move(params))
              .flag(0, 0);
      if (reads) continue;
      for (std::string& grant : grant_select_sql(replica, target, role))
        sql.push_back(std::move(grant));
    }
  return sql;
}

void Catalogue::check_target_is_free(const Replica& wanted, const Target& target) {
  const auto others = select("target_schema = $1 AND target_table = $2",
                             std::move(pg::Params{}.text(target.schema).text(target.table)));
  if (!others.empty())
    throw Error{Error::Kind::usage,
                fmt::format("\"{}\" and \"{}\" would share the replica {}", wanted.source->arn,
                            others.front().source->arn, target.qualified_name()),
                "give one of them another table with `into`, or another `schema`"};
}

bool Catalogue::table_is_there(const Target& target) {
  return connection_
      .run("SELECT to_regclass($1) IS NOT NULL",
           std::move(pg::Params{}.text(target.qualified_name())))
      .flag(0, 0);
}

// Whatever else has the name would fail later, and with other words.
void Catalogue::require_table_or_nothing(const Replica& wanted, const Target& target) {
  const pg::Result found =
      connection_.run(R"(
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

void Catalogue::check_columns(const Replica& wanted, const Target& target) {
  const auto refuse = [&](const std::string& difference) {
    throw Error{Error::Kind::usage,
                fmt::format("the table {} exists, but not as a replica of \"{}\": {}",
                            target.qualified_name(), wanted.source->arn, difference),
                "rename that table, or set `into` to another name"};
  };
  const auto name = [&] { return std::move(pg::Params{}.text(target.qualified_name())); };
  const pg::Result comment =
      connection_.run("SELECT obj_description(to_regclass($1), 'pg_class')", name());
  const std::string_view said = comment.text(0, 0).value_or("");
  if (said.starts_with("replica of ") && said != replica_comment(wanted.source->arn))
    refuse(fmt::format("its comment is \"{}\"", said));
  auto missing = columns_wanted(wanted.source->key_schema);
  const pg::Result rows = connection_.run(kColumnsFound, name());
  for (int row = 0; row < rows.rows(); ++row) {
    const Column found{std::string{rows.at(row, 1)}, rows.number(row, 2)};
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

void Catalogue::execute(const std::vector<std::string>& sql, std::stop_token stop) {
  if (sql.empty()) return;
  std::vector<pg::Statement> statements;
  statements.push_back({"SET LOCAL lock_timeout = '2s'", {}});
  for (const std::string& statement : sql) statements.push_back({statement, {}});
  for (int attempt = 1;; ++attempt) {
    try {
      pg::run_transaction(connection_, statements, {.stop = stop});
      return;
    } catch (const pg::PgError& error) {
      if (is_duplicate(error.sqlstate()))
        throw Error{Error::Kind::transient, error.what(),
                    "another process may have made it at this moment: run it again"};
      if (error.kind() != Error::Kind::transient || attempt == kDdlAttemptsMax ||
          stop.stop_requested() || !connection_.usable())
        throw;
    }
    sleep_for(500ms, stop);
  }
}

}  // namespace dynamite
