#include "replica/state/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "core/error.hpp"
#include "core/sleep.hpp"
#include "pg/identifier.hpp"
#include "pg/pg_error.hpp"
#include "pg/pipeline.hpp"
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

void require_unchanged(const Replica& known, const Replica& wanted) {
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

void check_target_is_free(const Replica& wanted, const Target& target,
                          const std::vector<Replica>& others) {
  for (const Replica& other : others)
    for (const Target& taken : other.targets)
      if (taken.schema == target.schema && taken.table == target.table)
        throw Error{Error::Kind::usage,
                    fmt::format("\"{}\" and \"{}\" would share the replica {}", wanted.source->arn,
                                other.source->arn, target.qualified_name()),
                    "give one of them another table with `into`, or another `schema`"};
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

ReplicaPlan Planner::plan_replica(const Replica& wanted) {
  const std::vector<Replica> others = registered();
  for (const Replica& known : others)
    if (known.source->arn == wanted.source->arn) {
      require_unchanged(known, wanted);
      check_attribute_columns(connection_, known);
      return {};
    }
  for (const Target& target : wanted.targets) check_target_is_free(wanted, target, others);
  ReplicaPlan plan;
  const auto append = [&](std::vector<std::string> sql) {
    std::ranges::move(sql, std::back_inserter(plan.sql));
  };
  for (const Target& target : wanted.targets) {
    require_table_or_nothing(connection_, wanted, target);
    if (table_is_there(connection_, target)) {
      check_columns(connection_, wanted, target);
      continue;
    }
    plan.creates_table = true;
    append(replica_table_sql(wanted, target));
  }
  append(registration_sql(wanted));
  return plan;
}

std::vector<std::string> Planner::plan_schema(const std::string& schema) {
  return schema_is_there(schema) ? std::vector<std::string>{} : schema_sql(schema);
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
      pg::Params params;
      params.text(role).text(target.qualified_name());
      const bool reads =
          table_is_there(connection_, target) &&
          connection_.run("SELECT has_table_privilege($1::name, $2, 'SELECT')", std::move(params))
              .flag(0, 0);
      if (reads) continue;
      for (std::string& grant : grant_select_sql(replica, target, role))
        sql.push_back(std::move(grant));
    }
  return sql;
}

std::vector<std::string> Planner::plan_drop(const Replica& replica) {
  std::vector<std::string> sql;
  for (const Target& target : replica.targets)
    for (const std::string& table : {target.qualified_name(), target.tombstones})
      sql.push_back("DROP TABLE " + table);
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
