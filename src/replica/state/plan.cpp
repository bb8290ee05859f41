#include "replica/state/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "core/sleep.hpp"
#include "pg/identifier.hpp"
#include "pg/pg_error.hpp"
#include "pg/pipeline.hpp"
#include "replica/history/history_sql.hpp"
#include "replica/state/existing_table.hpp"
#include "replica/state/state_sql.hpp"
#include "replica/state/table_sql.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr int kDdlAttemptsMax = 30;  // of 2 s each: a minute of somebody else's long transaction

// DDL fails like this if another process made the same object since the plan was made.
bool is_duplicate(std::string_view sqlstate) {
  constexpr std::array<std::string_view, 5> kDuplicates{"23505", "42P06", "42P07", "42710",
                                                        "42723"};
  return std::ranges::find(kDuplicates, sqlstate) != kDuplicates.end();
}

std::string describe(const KeyAttribute& attribute) {
  return fmt::format("\"{}\" {}", attribute.name, static_cast<char>(attribute.type));
}

std::string describe(const KeySchema& keys) {
  return keys.sort ? describe(keys.partition) + ", " + describe(*keys.sort)
                   : describe(keys.partition);
}

void require_same_key(const Replica& known, const Replica& wanted) {
  if (known.source->key_schema != wanted.source->key_schema)
    throw Error{Error::Kind::usage,
                fmt::format("the key of \"{}\" is {}, but its replica {} was made for {}",
                            wanted.source->arn, describe(wanted.source->key_schema),
                            known.qualified_names(), describe(known.source->key_schema)),
                "the table was re-created with another key: replicate it `into` a new table"};
}

/// A table or view that both would make.
std::optional<std::string> shared_name(const Target& one, const Target& other) {
  const std::vector<std::string> names = readable_names(one);
  for (std::string& name : readable_names(other))
    if (std::ranges::find(names, name) != names.end()) return std::move(name);
  return std::nullopt;
}

void check_targets_differ(const Replica& wanted) {
  for (const Target& target : wanted.targets)
    for (const Target& other : wanted.targets)
      if (const auto name = &target < &other ? shared_name(target, other) : std::nullopt)
        throw Error{Error::Kind::usage,
                    fmt::format("two targets of \"{}\" would share {}", wanted.source->arn, *name),
                    "give one of them another table with `into`"};
}

void check_target_is_free(const Replica& wanted, const Target& target,
                          const std::vector<Replica>& others) {
  for (const Replica& other : others)
    for (const Target& taken : other.targets)
      if (const auto name = shared_name(taken, target))
        throw Error{Error::Kind::usage,
                    fmt::format("\"{}\" and \"{}\" would share the replica {}", wanted.source->arn,
                                other.source->arn, *name),
                    "give one of them another table with `into`, or another `schema`"};
}

// A pass would not tell such rows from its own.
void require_rows_of_old_passes(pg::Connection& connection, const Replica& replica,
                                const Target& target) {
  const pg::Result row = connection.run(fmt::format(
      R"(SELECT r.epoch, t.epoch FROM {} r, (SELECT max({}) AS epoch FROM {}) t
WHERE r.replica_id = {} AND t.epoch > r.epoch)",
      state_name(replica.state_schema, "replica"), target.layout.of(ColumnRole::epoch).quoted(),
      target.qualified_name(), replica.id));
  if (row.rows() == 0) return;
  throw Error{Error::Kind::usage,
              fmt::format("the table {} has rows of pass {}, but \"{}\" is at pass {}",
                          target.qualified_name(), row.at(0, 1), replica.source->arn, row.at(0, 0)),
              "empty or drop that table, or set `into` to another name"};
}

/// False also if it is not there.
bool may_read(pg::Connection& connection, const std::string& role, const std::string& relation) {
  return connection
      .run("SELECT coalesce(has_table_privilege($1::name, to_regclass($2)::oid, 'SELECT'), false)",
           std::move(pg::Params{}.text(role).text(relation)))
      .flag(0, 0);
}

}  // namespace

std::vector<std::string> Planner::plan_state() {
  const std::optional<int> version = catalogue_.version();
  if (!version) return state_schema_sql(state_schema_, schema_is_there(state_schema_));
  if (*version < kCatalogueVersion)
    return upgrade_sql(state_schema_, *version,
                       *version == 1 ? catalogue_.load_older(1) : std::vector<Replica>{},
                       state_grants());
  catalogue_.require_usable();
  return {};
}

std::vector<StateGrant> Planner::state_grants() {
  const pg::Result rows = connection_.run(
      R"(SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
  string_agg(DISTINCT a.privilege_type, ', ')
FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass($1) AND a.grantee <> c.relowner
  AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
GROUP BY a.grantee ORDER BY 1)",
      std::move(pg::Params{}.text(state_name(state_schema_, "replica"))));
  std::vector<StateGrant> grants;
  for (int row = 0; row < rows.rows(); ++row)
    grants.push_back(
        {.role = std::string{rows.at(row, 0)}, .privileges = std::string{rows.at(row, 1)}});
  return grants;
}

std::vector<Replica> Planner::registered() {
  const std::optional<int> version = catalogue_.version();
  if (!version) return {};
  return *version < kCatalogueVersion ? catalogue_.load_older(*version) : catalogue_.load();
}

std::optional<Replica> Planner::find(const std::string& source_arn) {
  for (Replica& replica : registered())
    if (replica.source->arn == source_arn) return std::move(replica);
  return std::nullopt;
}

ReplicaPlan Planner::plan_replica(const Replica& wanted) {
  require_same_keys(wanted);
  const std::vector<Replica> others = registered();
  for (const Replica& known : others)
    if (known.source->arn == wanted.source->arn) {
      require_same_key(known, wanted);
      check_attribute_columns(connection_, known);
      return {};
    }
  check_targets_differ(wanted);
  for (const Target& target : wanted.targets) check_target_is_free(wanted, target, others);
  ReplicaPlan plan;
  for (const Target& target : wanted.targets) add_table(wanted, target, plan);
  std::ranges::move(registration_sql(wanted), std::back_inserter(plan.sql));
  return plan;
}

void Planner::add_table(const Replica& wanted, const Target& target, ReplicaPlan& plan) {
  require_table_or_nothing(connection_, wanted, target);
  if (table_is_there(connection_, target)) {
    check_columns(connection_, wanted, target);
  } else {
    plan.creates_table = true;
    std::ranges::move(replica_table_sql(wanted, target), std::back_inserter(plan.sql));
  }
  if (!target.mapping.rules.history) return;
  require_history_or_nothing(connection_, target);
  std::ranges::move(history_table_sql(history_of(target), target.qualified_name()),
                    std::back_inserter(plan.sql));
}

ReplicaPlan Planner::plan_target(const Replica& replica, const Target& target) {
  check_target_is_free(replica, target, registered());
  ReplicaPlan plan;
  add_table(replica, target, plan);
  if (!plan.creates_table) {
    require_rows_of_old_passes(connection_, replica, target);
    if (!comment_on(target)) plan.sql.push_back(replica_comment_sql(replica, target));
  }
  std::ranges::move(target_registration_sql(replica, target), std::back_inserter(plan.sql));
  return plan;
}

std::vector<std::string> Planner::plan_release(const Replica& replica, const Target& target) {
  std::vector<std::string> sql{"DROP TABLE " + target.tombstones,
                               fmt::format("DELETE FROM {} WHERE target_id = {}",
                                           state_name(state_schema_, "replica_target"), target.id)};
  if (comment_on(target) == replica_comment(replica.source->arn))
    sql.push_back(fmt::format("COMMENT ON TABLE {} IS NULL", target.qualified_name()));
  return sql;
}

std::vector<std::string> Planner::plan_schemas(std::span<const Target> targets) {
  std::vector<std::string> sql;
  std::set<std::string> planned;
  for (const Target& target : targets)
    if (!schema_is_there(target.schema) && planned.insert(target.schema).second)
      std::ranges::move(schema_sql(target.schema), std::back_inserter(sql));
  return sql;
}

std::optional<std::string> Planner::comment_on(const Target& target) {
  const pg::Result comment = connection_.run("SELECT obj_description(to_regclass($1), 'pg_class')",
                                             std::move(pg::Params{}.text(target.qualified_name())));
  return std::optional<std::string>{comment.text(0, 0)};
}

bool Planner::schema_is_there(const std::string& schema) {
  return connection_
      .run("SELECT to_regnamespace($1) IS NOT NULL",
           std::move(pg::Params{}.text(quote_identifier(schema))))
      .flag(0, 0);
}

std::vector<std::string> Planner::plan_grants(const Replica& replica,
                                              const std::vector<std::string>& roles) {
  std::vector<std::string> sql;
  for (const std::string& role : roles)
    for (const Target& target : replica.targets) {
      const bool reads = std::ranges::all_of(
          readable_names(target),
          [&](const std::string& relation) { return may_read(connection_, role, relation); });
      if (reads) continue;
      for (std::string& grant : grant_select_sql(replica, target, role))
        sql.push_back(std::move(grant));
    }
  return sql;
}

std::vector<std::string> Planner::plan_drop(const Replica& replica) {
  std::vector<std::string> sql;
  for (const Target& target : replica.targets) {
    for (const std::string& table : {target.qualified_name(), target.tombstones})
      sql.push_back("DROP TABLE " + table);
    if (target.mapping.rules.history)
      std::ranges::move(drop_history_sql(history_of(target)), std::back_inserter(sql));
  }
  const std::string registered = state_name(state_schema_, "replica");
  const auto forget = [&](std::string_view table) {
    sql.push_back(fmt::format("DELETE FROM {} WHERE replica_id = {}", table, replica.id));
  };
  const pg::Result tables = connection_.run(
      "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint "
      "WHERE contype = 'f' AND confrelid = to_regclass($1) ORDER BY 1",
      std::move(pg::Params{}.text(registered)));
  for (int row = 0; row < tables.rows(); ++row) forget(tables.at(row, 0));
  forget(registered);
  return sql;
}

void Planner::execute(const std::vector<std::string>& sql, std::stop_token stop) {
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
