#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/connect_options.hpp"
#include "app/one_shots.hpp"
#include "app/replicas.hpp"
#include "core/json_text.hpp"
#include "replica/identifier.hpp"

namespace dynamite {
namespace {

/// A row of the view `status`.
struct TableStatus {
  std::string table, replica, state, problem, follower;
  std::int64_t rows = 0, records = 0, items_scanned = 0, dead_letters = 0, open_gaps = 0;
  std::int64_t epoch = 0, completed_epoch = 0, shards_open = 0;
  std::optional<std::int64_t> lag_ms = {};            // newest record applied
  std::optional<std::int64_t> since_applied_ms = {};  // last commit of a record
  bool configured = true;

  bool healthy() const {
    return problem.empty() && dead_letters == 0 && open_gaps == 0 && completed_epoch > 0;
  }
};

std::optional<std::int64_t> optional_number(const pg::Result& rows, int row, int column) {
  return rows.text(row, column) ? std::optional{rows.number(row, column)} : std::nullopt;
}

std::vector<TableStatus> read_status(pg::Connection& connection, const Config& config) {
  const pg::Result rows = connection.run(fmt::format(
      R"(SELECT table_name, replica, state, coalesce(problem, ''), follower, records::bigint,
  items_scanned::bigint, dead_letters, open_gaps, epoch, completed_epoch, shards_open,
  (extract(epoch FROM clock_timestamp() - last_record_time) * 1000)::bigint,
  (extract(epoch FROM clock_timestamp() - last_applied_at) * 1000)::bigint,
  greatest((SELECT reltuples FROM pg_class WHERE oid = to_regclass(replica)), 0)::bigint
FROM {} ORDER BY table_name)",
      state_name(config.state_schema, "status")));
  std::vector<TableStatus> tables;
  for (int row = 0; row < rows.rows(); ++row) {
    const auto text = [&](int column) { return std::string{rows.at(row, column)}; };
    const auto number = [&](int column) { return rows.number(row, column); };
    TableStatus table{.table = text(0),
                      .replica = text(1),
                      .state = text(2),
                      .problem = text(3),
                      .follower = text(4)};
    table.records = number(5);
    table.items_scanned = number(6);
    table.dead_letters = number(7);
    table.open_gaps = number(8);
    table.epoch = number(9);
    table.completed_epoch = number(10);
    table.shards_open = number(11);
    table.lag_ms = optional_number(rows, row, 12);
    table.since_applied_ms = optional_number(rows, row, 13);
    table.rows = number(14);
    table.configured = config.tables.empty() || find_rule(config.tables, table.table) != nullptr;
    tables.push_back(std::move(table));
  }
  return tables;
}

std::string number_or_null(std::optional<std::int64_t> number) {
  return number ? std::to_string(*number) : "null";
}

std::string to_json(const TableStatus& t) {
  return fmt::format(
      R"({{"table":{},"replica":{},"state":{},"problem":{},"follower":{},"configured":{},"healthy":{},)"
      R"("epoch":{},"completed_epoch":{},"items_scanned":{},"records":{},"rows_estimated":{},)"
      R"("shards_open":{},"dead_letters":{},"open_gaps":{},"lag_ms":{},"since_applied_ms":{}}})",
      json_string(t.table), json_string(t.replica), json_string(t.state),
      t.problem.empty() ? "null" : json_string(t.problem), json_string(t.follower), t.configured,
      t.healthy(), t.epoch, t.completed_epoch, t.items_scanned, t.records, t.rows, t.shards_open,
      t.dead_letters, t.open_gaps, number_or_null(t.lag_ms), number_or_null(t.since_applied_ms));
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
    if (!t.problem.empty()) fmt::print("  problem: {}\n", t.problem);
    if (t.completed_epoch == 0) fmt::print("  no snapshot pass is complete yet\n");
    if (!t.configured) fmt::print("  no longer configured: its rows stay as they are\n");
  }
}

std::vector<TableStatus> read_status(const Context& context) {
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "status"), context.stop);
  Catalogue{connection, context.config.state_schema}.require_usable();
  return read_status(connection, context.config);
}

}  // namespace

int run_status(const Context& context) {
  std::vector<TableStatus> tables = read_status(context);
  if (!context.line.tables.empty())
    std::erase_if(tables, [](const TableStatus& table) { return !table.configured; });
  if (context.line.json)
    fmt::print("{}\n", to_json(tables));
  else
    print_text(tables);
  return std::ranges::all_of(tables, &TableStatus::healthy) ? kExitDone : kExitDiffers;
}

std::string status_answer(const Context& context) { return to_json(read_status(context)); }

}  // namespace dynamite
