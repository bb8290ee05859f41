#include "replica/state/status.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/commands/one_shots.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "core/visible.hpp"
#include "json/writer.hpp"
#include "replica/state/catalogue.hpp"

namespace dynamite {
namespace {

std::string to_json(const TableStatus& t) {
  JsonObject object;
  object.text("table", t.table).text("replica", t.replica).text("state", t.state);
  if (t.trouble().empty())
    object.json("problem", "null");
  else
    object.text("problem", t.trouble());
  return object.text("follower", t.follower)
      .flag("configured", t.configured)
      .flag("healthy", t.healthy())
      .number("epoch", t.epoch)
      .number("completed_epoch", t.completed_epoch)
      .number("items_scanned", t.items_scanned)
      .number("records", t.records)
      .number("rows_estimated", t.rows)
      .number("shards_open", t.shards_open)
      .number("dead_letters", t.dead_letters)
      .number("undeletable_rows", t.undeletable_rows)
      .number("open_gaps", t.open_gaps)
      .number("lag_ms", t.lag_ms)
      .number("since_applied_ms", t.since_applied_ms)
      .number("since_sign_ms", t.since_sign_ms)
      .finish();
}

std::string to_json(const std::vector<TableStatus>& tables) {
  JsonArray list{",\n  "};
  for (const TableStatus& table : tables) list.json(to_json(table));
  return JsonObject{}.json("tables", list.finish()).finish();
}

void print_text(const std::vector<TableStatus>& tables) {
  fmt::print("{:<24} {:<12} {:<9} {:>10} {:>10} {:>12} {:>6} {:>5}\n", "TABLE", "STATE", "FOLLOWER",
             "SCANNED", "RECORDS", "LAST RECORD", "DEAD", "GAPS");
  for (const TableStatus& t : tables) {
    const std::string last =
        t.lag_ms ? fmt::format("{:.1f} s ago", static_cast<double>(*t.lag_ms) / 1000) : "-";
    fmt::print("{:<24} {:<12} {:<9} {:>10} {:>10} {:>12} {:>6} {:>5}\n", t.table, t.state,
               t.follower, t.items_scanned, t.records, last, t.dead_letters, t.open_gaps);
    if (!t.trouble().empty()) fmt::print("  problem: {}\n", visible(t.trouble()));
    if (t.completed_epoch == 0) fmt::print("  no snapshot pass is complete yet\n");
    if (t.undeletable_rows > 0)
      fmt::print(
          "  {} of its rows have no item and cannot be deleted: see `dynamite dead-letters "
          "--table {}`\n",
          t.undeletable_rows, t.table);
    if (!t.configured) fmt::print("  no longer configured: its rows stay as they are\n");
  }
}

std::vector<TableStatus> status_of_tables(const Context& context) {
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "status"), context.stop);
  Catalogue{connection, context.config.state_schema}.require_usable();
  std::vector<TableStatus> tables = read_status(connection, context.config.state_schema);
  for (TableStatus& table : tables)
    table.configured =
        context.config.tables.empty() || find_rule(context.config.tables, table.table) != nullptr;
  return tables;
}

}  // namespace

int run_status(const Context& context) {
  std::vector<TableStatus> tables = status_of_tables(context);
  if (!context.line.tables.empty())
    std::erase_if(tables, [](const TableStatus& table) { return !table.configured; });
  if (context.line.status.json)
    fmt::print("{}\n", to_json(tables));
  else
    print_text(tables);
  return std::ranges::all_of(tables, &TableStatus::healthy) ? kExitDone : kExitDiffers;
}

std::string status_answer(const Context& context) { return to_json(status_of_tables(context)); }

}  // namespace dynamite
