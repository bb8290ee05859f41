#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

#include "app/cli/progress.hpp"
#include "app/commands/commands.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/error.hpp"
#include "core/reminder.hpp"
#include "core/sleep.hpp"
#include "core/visible.hpp"
#include "engine/engine.hpp"

namespace dynamite {
namespace {

constexpr auto kStartPause = std::chrono::seconds{1};
constexpr auto kTablesPause = std::chrono::minutes{1};

/// What `replicate` is asked for.
Run run_of(const ReplicateOptions& line) {
  if (line.no_snapshot) return line.once ? Run::follow_until_drained : Run::follow;
  return line.once ? Run::replicate_until_drained : Run::replicate;
}

EngineOptions engine_options(const Context& context, std::string_view command) {
  EngineOptions options{context.config.replication, connect_options(context, command),
                        context.config.apply};
  options.seed = std::random_device{}();
  return options;
}

/// Adds the tables with their replicas. Returns how many items they have in all.
std::uint64_t add_tables(const Context& context, const std::vector<SelectedTable>& tables,
                         const pg::ConnectOptions& connect, DynamoDb& dynamodb, Engine& engine) {
  std::vector<Replica> replicas;
  pg::Connection connection = pg::Connection::open(connect, context.stop);
  for (const auto& [description, by_name] : tables)
    replicas.push_back(
        ensure_replica(connection, context.config, description, context.stop, &dynamodb));
  std::uint64_t items = 0;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    engine.add(std::move(replicas[i]), tables[i].description);
    items += tables[i].description.item_count;
  }
  return items;
}

/// A daemon outlives a PostgreSQL that is down when it starts; a command that ends by itself does
/// not wait.
std::uint64_t add_tables_patiently(const Context& context, const std::vector<SelectedTable>& tables,
                                   const EngineOptions& options, DynamoDb& dynamodb,
                                   Engine& engine) {
  Reminder waiting;
  for (;;) {
    try {
      return add_tables(context, tables, options.connect, dynamodb, engine);
    } catch (const Error& error) {
      const bool waits = !ends_by_itself(options.run) && !context.stop.stop_requested();
      if (error.kind() != Error::Kind::transient || !waits) throw;
      if (waiting.due(error.what(), std::chrono::steady_clock::now()))
        spdlog::warn("waiting for PostgreSQL reason={}", in_quotes(error.what()));
    }
    sleep_for(kStartPause, context.stop);
  }
}

/// Runs the engine over `tables` and shows how far it is. Returns the exit status.
int run_engine(const Context& context, const EngineOptions& options,
               const std::vector<SelectedTable>& tables, AwsClients& aws) {
  Engine engine{options, aws.dynamodb()};
  const std::uint64_t items =
      add_tables_patiently(context, tables, options, aws.dynamodb(), engine);
  Progress progress{follows(options.run) ? "replicate" : "snapshot", items};
  const auto sum = [&engine](const auto& count) {
    std::uint64_t total = 0;
    for (const auto& table : engine.tables()) total += count(*table);
    return total;
  };
  const auto scanned = [&] {
    return sum([](const TableState& table) { return table.pass.items_scanned.load(); });
  };
  const auto note = [&] {
    const auto changes = sum([](const TableState& table) { return table.changes_applied.load(); });
    return fmt::format("{} changes", changes);
  };
  engine.run(context.stop, [&] { progress.update(scanned(), note()); });
  progress.finish(scanned(), note());
  const auto states = engine.tables();
  const bool failed =
      std::ranges::any_of(states, [](const auto& table) { return table->failure().has_value(); });
  if (failed) return kExitFailed;
  const auto left =
      std::ranges::count_if(states, [](const auto& table) { return !table->ended(); });
  if (ends_by_itself(options.run) && left > 0)
    throw Error{Error::Kind::transient,
                fmt::format("stopped with {} of {} tables unfinished, after {} of some {} items",
                            left, states.size(), scanned(), items),
                "run it again: it goes on where it was"};
  return kExitDone;
}

/// With `--wait` looks again until there are some.
std::vector<SelectedTable> tables_to_follow(const Context& context, DynamoDb& dynamodb) {
  Reminder waiting;
  while (!context.stop.stop_requested()) {
    std::vector<SelectedTable> tables = select_tables_to_read(
        context, dynamodb, {.all = context.line.replicate.all, .followable = true});
    if (!tables.empty()) return tables;
    const std::string what =
        fmt::format("no table of {} can be followed: none has a stream", context.config.region);
    if (!context.line.replicate.wait)
      throw Error{
          Error::Kind::usage, what,
          "switch streams on (NEW_AND_OLD_IMAGES), or say --wait to look again every minute"};
    if (waiting.due(what, std::chrono::steady_clock::now()))
      spdlog::warn("waiting for tables reason={}", in_quotes(what));
    sleep_for(kTablesPause, context.stop);
  }
  return {};
}

}  // namespace

int run_replicate(const Context& context) {
  AwsClients aws{context, kLaneAttempts};
  const auto tables = tables_to_follow(context, aws.dynamodb());
  if (tables.empty()) return kExitDone;  // stopped while waiting for some
  EngineOptions options = engine_options(context, "replicate");
  options.run = run_of(context.line.replicate);
  return run_engine(context, options, tables, aws);
}

int run_snapshot(const Context& context) {
  AwsClients aws{context, kLaneAttempts};
  const auto tables =
      select_tables_to_read(context, aws.dynamodb(), {.all = context.line.snapshot.all});
  EngineOptions options = engine_options(context, "snapshot");
  options.run = Run::snapshot;
  return run_engine(context, options, tables, aws);
}

}  // namespace dynamite
