#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <functional>
#include <set>

#include "app/commands/commands.hpp"
#include "app/commands/one_shots.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/error.hpp"
#include "json/writer.hpp"
#include "replica/state/state_sql.hpp"

namespace dynamite {
namespace {

constexpr const char* kAgain = "run it again: what is made already is left as it is";

std::string describe(const KeySchema& keys) {
  const auto attribute = [](const KeyAttribute& key) {
    return fmt::format("{} {}", key.name, static_cast<char>(key.type));
  };
  std::string text = attribute(keys.partition) + " (partition key)";
  if (keys.sort) text += ", " + attribute(*keys.sort) + " (sort key)";
  return text;
}

/// What was done for a table, in a word.
using Done = std::function<void(const SelectedTable&, const Replica&, std::string_view)>;

void create(const Context& context, pg::Connection& connection,
            const std::vector<SelectedTable>& tables, const Done& done) {
  Planner planner{connection, context.config.state_schema};
  for (const SelectedTable& table : tables) {
    if (context.stop.stop_requested())
      throw Error{Error::Kind::transient,
                  fmt::format("stopped before \"{}\"", table.description.name), kAgain};
    const Replica wanted = target_of(context.config, table.description);
    const ReplicaPlan plan = plan_whole_replica(connection, context.config, wanted);
    planner.execute(plan.sql, context.stop);
    done(table, wanted,
         plan.creates_table ? "created"
         : plan.sql.empty() ? "unchanged"
                            : "registered");
  }
}

void print_done(const SelectedTable& table, const Replica& replica, std::string_view what) {
  fmt::print("{}: {}\n  {} {}\n", table.description.name, describe(table.description.key_schema),
             what, replica.qualified_names());
}

// The state schema is in the plan of every table until it is there: print each statement once.
void print_sql(const Context& context, pg::Connection& connection,
               const std::vector<SelectedTable>& tables) {
  std::set<std::string> printed;
  const auto print = [&](const std::string& sql) {
    if (printed.insert(sql).second) fmt::print("{};\n\n", sql);
  };
  print(search_path_sql());  // no operator or type of others is found by it, whoever runs it
  for (const SelectedTable& table : tables) {
    const Replica wanted = target_of(context.config, table.description);
    fmt::print("-- {}: {}\n", table.description.name, describe(table.description.key_schema));
    for (const std::string& sql : plan_whole_replica(connection, context.config, wanted).sql)
      print(sql);
  }
  print("RESET search_path");
}

}  // namespace

int run_bootstrap(const Context& context) {
  AwsClients aws{context, kRequestAttempts};
  const std::vector<SelectedTable> tables = select_tables(context, aws.dynamodb());
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "bootstrap"), context.stop);
  if (context.line.bootstrap.dry_run)
    print_sql(context, connection, tables);
  else
    create(context, connection, tables, print_done);
  if (tables.empty()) spdlog::warn("no tables region={}", context.config.region);
  return kExitDone;
}

std::string bootstrap_answer(const Context& context) {
  AwsClients aws{context, kRequestAttempts};
  const std::vector<SelectedTable> tables = select_tables(context, aws.dynamodb());
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "bootstrap"), context.stop);
  JsonArray list;
  create(context, connection, tables,
         [&](const SelectedTable& table, const Replica& replica, std::string_view what) {
           list.json(JsonObject{}
                         .text("table", table.description.name)
                         .text("replica", replica.qualified_names())
                         .text("outcome", what)
                         .finish());
         });
  return JsonObject{}.json("tables", list.finish()).finish();
}

}  // namespace dynamite
