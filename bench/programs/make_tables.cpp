// Makes what the programs of a comparison write to, each a schema of its own, anew.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "events.hpp"
#include "replica/state/plan.hpp"

namespace dynamite::bench {
namespace {

/// A target of all items, or one a clause.
std::vector<Target> targets_of(const std::string& schema, const Mapping& mapping,
                               const std::vector<std::string>& clauses) {
  const auto target = [&](const std::string& table, const std::string& where) {
    Mapping of_target = mapping;
    of_target.rules.where = where;
    return new_target(schema + "_state", schema, table, event_table()->key_schema,
                      std::move(of_target));
  };
  if (clauses.empty()) return {target("Orders", "")};
  std::vector<Target> targets;
  for (const std::string& where : clauses)
    targets.push_back(target(fmt::format("Orders{}", targets.size()), where));
  return targets;
}

void make_replica(pg::Connection& connection, const std::string& schema, const Mapping& mapping,
                  const std::vector<std::string>& clauses = {}) {
  connection.run(fmt::format("DROP SCHEMA IF EXISTS {0}, {0}_state CASCADE", schema));
  Planner planner{connection, schema + "_state"};
  planner.execute(planner.plan_state());
  const Replica replica{.source = event_table(),
                        .state_schema = schema + "_state",
                        .targets = targets_of(schema, mapping, clauses)};
  planner.execute(planner.plan_schemas(replica.targets));
  planner.execute(planner.plan_replica(replica).sql);
}

/// What somebody would make who has no need of passes and tombstones.
void make_plain(pg::Connection& connection, const std::string& schema) {
  connection.run(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", schema));
  connection.run("CREATE SCHEMA " + schema);
  for (const auto& [table, guard] :
       {std::pair{"orders", "numeric"}, std::pair{"orders_bytea", "bytea"},
        std::pair{"orders_text", "text COLLATE \"C\""}})
    connection.run(fmt::format(R"(CREATE TABLE {}.{} (
  pk text COLLATE "C", sk text COLLATE "C", item jsonb NOT NULL, mod_time timestamptz NOT NULL,
  create_time timestamptz NOT NULL, version {} NOT NULL, PRIMARY KEY (pk, sk)))",
                               schema, table, guard));
}

}  // namespace
}  // namespace dynamite::bench

int main(int argc, char** argv) {
  using namespace dynamite;
  auto size = bench::ItemSize::bytes_1k;
  CLI::App app{"Makes the tables that the programs of a comparison write to."};
  app.add_option("--size", size, "of the items that get typed columns; see make_events")
      ->transform(CLI::CheckedTransformer(bench::item_sizes()));
  CLI11_PARSE(app, argc, argv);
  const char* url = std::getenv("DYNAMITE_TEST_PG_URL");
  if (url == nullptr) {
    fmt::print(stderr, "make_tables: no PostgreSQL; start it with: make bench\n");
    return 2;
  }
  pg::Connection connection = pg::Connection::open({.conninfo = url, .application_name = "bench"});
  connection.run("SET client_min_messages = warning");
  const Mapping columns = bench::columns_of(size);
  for (const std::string schema : {"bench_dynamite", "bench_same"}) {
    bench::make_replica(connection, schema, {});
    bench::make_replica(connection, schema + "_columns", columns);
  }
  bench::make_replica(connection, "bench_dynamite_by_key", columns, bench::entities_by_key());
  bench::make_replica(connection, "bench_dynamite_by_attribute", columns,
                      bench::entities_by_attribute());
  bench::make_replica(connection, "bench_dynamite_history",
                      {.rules = {.history = true}, .columns = {}});
  for (const char* schema : {"bench_plain", "bench_node"}) bench::make_plain(connection, schema);
  return 0;
}
