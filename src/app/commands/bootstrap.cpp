#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <optional>
#include <set>

#include "app/commands/commands.hpp"
#include "app/commands/one_shots.hpp"
#include "app/wiring/mappings.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/error.hpp"
#include "core/visible.hpp"
#include "json/writer.hpp"
#include "replica/change/promotion.hpp"
#include "replica/state/state_sql.hpp"

namespace dynamite {
namespace {

// Whoever looks next goes on with what is left: a daemon, `maintain`, or `bootstrap`.
constexpr auto kPromotionMax = std::chrono::seconds{20};
constexpr const char* kAgain = "run it again: what is made already is left as it is";

std::string describe(const KeySchema& keys) {
  const auto attribute = [](const KeyAttribute& key) {
    return fmt::format("{} {}", key.name, static_cast<char>(key.type));
  };
  std::string text = attribute(keys.partition) + " (partition key)";
  if (keys.sort) text += ", " + attribute(*keys.sort) + " (sort key)";
  return text;
}

/// What was done for a table.
struct Done {
  std::string_view outcome;        ///< in a word
  std::vector<std::string> words;  ///< about columns, and the rows that are there
};

struct Plan {
  std::vector<std::string> sql;
  std::vector<std::string> words;  ///< as Done's
};

/// Makes the replicas that are configured, and brings those that are there to their mapping.
class Bootstrap {
 public:
  Bootstrap(const Context& context, DynamoDb& dynamodb, const Unnamed& unnamed)
      : context_{context},
        dynamodb_{dynamodb},
        unnamed_{unnamed},
        connection_{pg::Connection::open(connect_options(context, "bootstrap"), context.stop)} {}

  /// `wanted`: as target_of says; sampled columns are added to it.
  Done make(const TableDescription& table, Replica& wanted) {
    const std::optional<Replica> known = find(wanted);
    if (!known) add_first_columns(connection_, &dynamodb_, table, wanted, context_.stop);
    const ReplicaPlan plan = plan_whole_replica(connection_, context_.config, wanted);
    Planner{connection_, context_.config.state_schema}.execute(plan.sql, context_.stop);
    Done done{.outcome = plan.creates_table ? "created"
                         : plan.sql.empty() ? "unchanged"
                                            : "registered",
              .words = costly_clauses(table, wanted)};
    const std::optional<Replica> there = find(wanted);
    if (there) change(table, *there, wanted, done);
    return done;
  }

  /// The same as SQL.
  Plan plan(const TableDescription& table, Replica& wanted) {
    const std::optional<Replica> known = find(wanted);
    if (!known) add_first_columns(connection_, &dynamodb_, table, wanted, context_.stop);
    Plan plan{.sql = plan_whole_replica(connection_, context_.config, wanted).sql,
              .words = costly_clauses(table, wanted)};
    if (!known) return plan;
    MappingPlan mappings = plan_targets(table, *known, wanted);
    std::ranges::move(mappings.words, std::back_inserter(plan.words));
    if (mappings.changes.empty()) {
      mappings.changes = plan_promotion(connection_, *known);
      for (const TargetChange& change : mappings.changes)
        plan.words.insert(plan.words.end(), change.words.begin(), change.words.end());
    }
    if (mappings.changes.empty()) return plan;
    std::ranges::move(change_sql(*known, mappings.changes), std::back_inserter(plan.sql));
    return plan;
  }

 private:
  /// Absent where the state schema is older: an upgrade comes first.
  std::optional<Replica> find(const Replica& wanted) {
    Catalogue catalogue{connection_, context_.config.state_schema, context_.config.hash_key};
    if (catalogue.version() != kCatalogueVersion) return std::nullopt;
    return catalogue.find(wanted.source->arn);
  }

  MappingPlan plan_targets(const TableDescription& table, const Replica& known,
                           const Replica& wanted) {
    Replica added = known;
    added.targets = added_targets(known, wanted);
    add_first_columns(connection_, &dynamodb_, table, added, context_.stop);
    return plan_mappings(connection_, known,
                         {.replica = wanted,
                          .added = added.targets,
                          .roles = context_.config.grant_select,
                          .unnamed = unnamed_});
  }

  void change(const TableDescription& table, const Replica& there, const Replica& wanted,
              Done& done) {
    MappingPlan plan = plan_targets(table, there, wanted);
    if (!plan.changes.empty()) {
      change_mappings(connection_, there, plan.changes, context_.stop);
      done.outcome = "changed";
    }
    std::ranges::move(plan.words, std::back_inserter(done.words));
    const auto deadline = std::chrono::steady_clock::now() + kPromotionMax;
    const std::vector<std::string> added =
        promote(connection_, *find(there), deadline, context_.stop);
    done.words.insert(done.words.end(), added.begin(), added.end());
  }

  const Context& context_;
  DynamoDb& dynamodb_;
  const Unnamed unnamed_;
  pg::Connection connection_;
};

Unnamed unnamed(const Context& context) {
  const BootstrapOptions& options = context.line.bootstrap;
  return {.columns = options.drop_columns ? RetiredColumns::drop : RetiredColumns::keep,
          .targets = options.drop_targets ? UnnamedTargets::drop : UnnamedTargets::keep};
}

void require_going_on(const Context& context, const SelectedTable& table) {
  if (context.stop.stop_requested())
    throw Error{Error::Kind::transient,
                fmt::format("stopped before \"{}\"", table.description.name), kAgain};
}

void create(const Context& context, AwsClients& aws, const std::vector<SelectedTable>& tables) {
  Bootstrap bootstrap{context, aws.dynamodb(), unnamed(context)};
  for (const SelectedTable& table : tables) {
    require_going_on(context, table);
    Replica wanted = target_of(context.config, table.description);
    const Done done = bootstrap.make(table.description, wanted);
    fmt::print("{}: {}\n  {} {}\n", table.description.name, describe(table.description.key_schema),
               done.outcome, wanted.qualified_names());
    for (const std::string& words : done.words) fmt::print("    {}\n", visible(words));
  }
}

// The state schema is in the plan of every table until it is there: print each statement once.
void print_sql(const Context& context, AwsClients& aws, const std::vector<SelectedTable>& tables) {
  Bootstrap bootstrap{context, aws.dynamodb(), unnamed(context)};
  std::set<std::string> printed;
  const auto print = [&](const std::string& sql) {
    if (printed.insert(sql).second) fmt::print("{};\n\n", sql);
  };
  print(search_path_sql());  // no operator or type of others is found by it, whoever runs it
  for (const SelectedTable& table : tables) {
    Replica wanted = target_of(context.config, table.description);
    fmt::print("-- {}: {}\n", table.description.name, describe(table.description.key_schema));
    const Plan plan = bootstrap.plan(table.description, wanted);
    for (const std::string& words : plan.words) fmt::print("-- {}\n", visible(words));
    for (const std::string& sql : plan.sql) print(sql);
  }
  print("RESET search_path");
}

}  // namespace

int run_bootstrap(const Context& context) {
  AwsClients aws{context, kRequestAttempts};
  const std::vector<SelectedTable> tables = select_tables(context, aws.dynamodb());
  if (context.line.bootstrap.dry_run)
    print_sql(context, aws, tables);
  else
    create(context, aws, tables);
  if (tables.empty()) spdlog::warn("no tables region={}", context.config.region);
  return kExitDone;
}

std::string bootstrap_answer(const Context& context) {
  AwsClients aws{context, kRequestAttempts};
  const std::vector<SelectedTable> tables = select_tables(context, aws.dynamodb());
  Bootstrap bootstrap{context, aws.dynamodb(), Unnamed{}};
  JsonArray list;
  for (const SelectedTable& table : tables) {
    require_going_on(context, table);
    Replica wanted = target_of(context.config, table.description);
    const Done done = bootstrap.make(table.description, wanted);
    JsonArray words;
    for (const std::string& text : done.words) words.text(text);
    list.json(JsonObject{}
                  .text("table", table.description.name)
                  .text("replica", wanted.qualified_names())
                  .text("outcome", done.outcome)
                  .json("changes", words.finish())
                  .finish());
  }
  return JsonObject{}.json("tables", list.finish()).finish();
}

}  // namespace dynamite
