#include <fmt/format.h>

#include <algorithm>

#include "app/cli/progress.hpp"
#include "app/commands/commands.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/error.hpp"
#include "engine/table_compare.hpp"

namespace dynamite {
namespace {

void print(const Context& context, const TableDescription& table, const Differences& found) {
  const bool sampled = context.line.compare.sample.has_value();
  const char* what = sampled ? "items and rows of a sample" : "items";
  if (found.total() == 0) {
    fmt::print("{}: {} {}, identical\n", table.name, found.items, what);
    return;
  }
  fmt::print("{}: {} {}, {} missing, {} different, {} ghosts, {} that PostgreSQL cannot hold\n",
             table.name, found.items, what, found.count(Difference::missing),
             found.count(Difference::different), found.count(Difference::ghost),
             found.count(Difference::unstorable));
  for (const std::string& key : found.keys) fmt::print("  {}\n", key);
  if (found.known > 0)
    fmt::print("{0}: {1} of them are known: see `dynamite dead-letters --table {0}`\n", table.name,
               found.known);
  if (found.known_by_hash > 0)
    fmt::print(
        "{0}: {1} ghosts are known by the hash of their key only, by which no item can be read "
        "back: they cannot be repaired, `dynamite snapshot --table {0}` removes them\n",
        table.name, found.known_by_hash);
  if (context.line.compare.repair) fmt::print("{}: {} rows repaired\n", table.name, found.repaired);
  if (found.stopped_early)
    fmt::print("{0}: there are more; `dynamite snapshot --table {0}` makes the replica anew\n",
               table.name);
}

std::optional<Replica> registered_replica(const Context& context, pg::Connection& connection,
                                          const TableDescription& description) {
  Catalogue catalogue{connection, context.config.state_schema, context.config.hash_key};
  catalogue.require_usable();
  return catalogue.find(description.arn);
}

Differences compare(const Context& context, pg::Connection& connection, DynamoDb& dynamodb,
                    const TableDescription& description, const Replica& replica) {
  const CompareOptions& line = context.line.compare;
  Progress progress{"compare " + description.name, line.sample.value_or(description.item_count)};
  TableCompareOptions options{
      .apply = context.config.apply,
      .replication = context.config.replication,
      .sample = line.sample,
      .repair = line.repair,
      .on_progress = [&progress](std::uint64_t items) { progress.update(items); }};
  Differences found =
      TableCompare{connection, dynamodb, description, replica, std::move(options)}.run(
          context.stop);
  progress.finish(found.items);
  return found;
}

/// What is left to be done, in the exit status.
int exit_status(const Differences& total) {
  const std::uint64_t left = total.total() - std::min(total.total(), total.repaired);
  return left > 0 ? kExitDiffers : kExitDone;
}

}  // namespace

int run_compare(const Context& context) {
  AwsClients aws{context, kRunAttempts};
  Differences total;
  const auto tables =
      select_tables_to_read(context, aws.dynamodb(), {.all = context.line.compare.all});
  std::size_t compared = 0;
  for (const auto& [description, by_name] : tables) {
    pg::Connection connection =
        pg::Connection::open(connect_options(context, "compare"), context.stop);
    const auto replica = registered_replica(context, connection, description);
    if (!replica) {
      if (by_name)
        throw Error{Error::Kind::usage, fmt::format("\"{}\" has no replica", description.name),
                    "run `dynamite bootstrap`, then `dynamite replicate`"};
      fmt::print("{}: no replica, skipped\n", description.name);
      continue;
    }
    ++compared;
    const Differences found = compare(context, connection, aws.dynamodb(), description, *replica);
    print(context, description, found);
    total += found;
  }
  if (total.total() == 0)
    fmt::print("identical: {} items in {} tables\n", total.items, compared);
  else
    fmt::print("{} differences in {} tables\n", total.total(), compared);
  return exit_status(total);
}

}  // namespace dynamite
