#include "replica/change/target_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "mapping/mapping_json.hpp"
#include "mapping/names.hpp"
#include "pg/identifier.hpp"
#include "pg/pg_error.hpp"
#include "pg/pipeline.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

// Whoever applies waits while we wait: for the replica's lock, then for the table's.
constexpr int kLockMsMin = 100;
constexpr int kLockMsMax = 400;
constexpr std::string_view kLockNotAvailable = "55P03";

std::string write_sql(const Replica& replica, const TargetChange& change) {
  const std::string state = quote_identifier(replica.state_schema);
  const std::string_view since = change.needs_pass ? ", since_epoch = r.epoch + 1" : "";
  // Not the transaction's time: batches may commit while it waits for the lock.
  const std::string_view changed =
      change.reads_older_back ? ", changed_at = clock_timestamp()" : "";
  return fmt::format(
      R"(UPDATE {0}.replica_target t SET layout = {1}, mapping = {2}{3}{5}
FROM {0}.replica r WHERE t.target_id = {4} AND r.replica_id = t.replica_id)",
      state, quote_literal(name_of(change.mapping->rules.layout)),
      quote_literal(to_json(*change.mapping)), since, change.target_id, changed);
}

}  // namespace

std::vector<std::string> change_sql(const Replica& replica,
                                    const std::vector<TargetChange>& changes) {
  const std::string state = quote_identifier(replica.state_schema);
  const LockKeys keys = lock_keys(replica);
  std::vector<std::string> sql{
      fmt::format("SELECT pg_advisory_xact_lock({}, {})", keys.transaction_class, keys.replica),
      fmt::format("SELECT {}.require_mapping({}, {})", state, replica.id, replica.mapping)};
  for (const TargetChange& change : changes)
    sql.insert(sql.end(), change.ddl.begin(), change.ddl.end());
  for (const TargetChange& change : changes)
    if (change.mapping) sql.push_back(write_sql(replica, change));
  sql.push_back(fmt::format("UPDATE {}.replica SET mapping = mapping + 1 WHERE replica_id = {}",
                            state, replica.id));
  return sql;
}

bool try_change(pg::Connection& connection, const Replica& replica,
                const std::vector<TargetChange>& changes, int attempt) {
  const std::string lock_timeout =
      fmt::format("SET LOCAL lock_timeout = {}", std::min(kLockMsMin * attempt, kLockMsMax));
  const std::vector<std::string> sql = change_sql(replica, changes);
  std::vector<pg::Statement> statements;
  statements.push_back({lock_timeout, {}});
  for (const std::string& text : sql) statements.push_back({text, {}});
  try {
    pg::run_transaction(connection, statements);
  } catch (const pg::PgError& error) {
    if (error.sqlstate() != kLockNotAvailable) throw;
    return false;
  }
  return true;
}

void note_filled(pg::Connection& connection, const Replica& replica, Target& target) {
  for (AttributeColumn& column : target.mapping.columns) column.filling = false;
  const std::string note =
      fmt::format("UPDATE {} SET mapping = $2::jsonb WHERE target_id = $1::integer",
                  state_name(replica.state_schema, "replica_target"));
  const std::string require = require_mapping_sql(replica);
  std::vector<pg::Statement> statements = hold_mapping(replica, require);
  statements.push_back({note, {}});
  statements.back().params.number(target.id).text(to_json(target.mapping));
  pg::run_transaction(connection, statements);
}

bool may_alter(pg::Connection& connection, const Target& target) {
  return connection
      .run(
          "SELECT coalesce((SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c "
          "WHERE c.oid = to_regclass($1)), false)",
          std::move(pg::Params{}.text(target.qualified_name())))
      .flag(0, 0);
}

std::string older_records_are_read_back() {
  return "the items of records that were made before, or are made within 5 minutes, are read again "
         "from DynamoDB: whoever follows the table needs dynamodb:BatchGetItem for it";
}

void name_the_target(TargetChange& change, const Replica& replica, const Target& target) {
  if (replica.targets.size() == 1) return;
  for (std::string& words : change.words)
    words = fmt::format("{}: {}", target.qualified_name(), words);
}

std::string added_in_place(const std::string& column) {
  return fmt::format("the column \"{}\" is added; the values that are there move into it", column);
}

std::vector<std::string> add_columns_sql(const Target& target,
                                         const std::vector<AttributeColumn>& columns) {
  if (columns.empty()) return {};
  const std::string table = target.qualified_name();
  std::string additions;
  for (const AttributeColumn& column : columns)
    additions += fmt::format("{}\n  ADD COLUMN {} {}", additions.empty() ? "" : ",",
                             quote_identifier(column.name), type_definition(column.type));
  std::vector<std::string> sql{fmt::format("ALTER TABLE {}{}", table, additions)};
  for (const AttributeColumn& column : columns)
    sql.push_back(fmt::format("COMMENT ON COLUMN {}.{} IS {}", table, quote_identifier(column.name),
                              quote_literal(description(column))));
  return sql;
}

}  // namespace dynamite
