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
#include "json/text.hpp"
#include "replica/state/catalogue.hpp"

namespace dynamite {
namespace {

std::string number_or_null(std::optional<std::int64_t> number) {
  return number ? std::to_string(*number) : "null";
}

std::string to_json(const TableStatus& t) {
  return fmt::format(
      R"({{"table":{},"replica":{},"state":{},"problem":{},"follower":{},"configured":{},"healthy":{},)"
      R"("epoch":{},"completed_epoch":{},"items_scanned":{},"records":{},"rows_estimated":{},)"
      R"("shards_open":{},"dead_letters":{},"undeletable_rows":{},"open_gaps":{},"lag_ms":{},"since_applied_ms":{},"since_sign_ms":{}}})",
      json_string(t.table), json_string(t.replica), json_string(t.state),
      t.trouble().empty() ? "null" : json_string(t.trouble()), json_string(t.follower),
      t.configured, t.healthy(), t.epoch, t.completed_epoch, t.items_scanned, t.records, t.rows,
      t.shards_open, t.dead_letters, t.undeletable_rows, t.open_gaps, number_or_null(t.lag_ms),
      number_or_null(t.since_applied_ms), number_or_null(t.since_sign_ms));
}

std::string to_json(const std::vector<TableStatus>& tables) {
  std::string list;
  for (const TableStatus& table : tables) list += (list.empty() ? "" : ",\n  ") + to_json(table);
  return fmt::format("{{\"tables\":[{}]}}", list);
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
