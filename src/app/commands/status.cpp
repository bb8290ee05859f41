#include "replica/state/status.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/commands/one_shots.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "core/visible.hpp"
#include "json/writer.hpp"
#include "replica/change/columns_status.hpp"
#include "replica/state/catalogue.hpp"

namespace dynamite {
namespace {

/// A target, and its columns if its layout has columns of attributes.
struct TargetStatus {
  TableStatus table;
  std::optional<ColumnsStatus> columns;
};

constexpr std::size_t kAttributesShown = 10;  // in text; JSON has all

std::string json_of(const std::vector<AttributeColumn>& columns) {
  JsonArray list;
  for (const AttributeColumn& column : columns)
    list.json(JsonObject{}
                  .text("name", column.name)
                  .text("type", type_name(column.type))
                  .text("attribute", column.from.text())
                  .flag("retired", column.retired)
                  .flag("filling", column.filling)
                  .finish());
  return list.finish();
}

std::string json_of(const std::vector<AttributeShare>& shares) {
  JsonArray list;
  for (const AttributeShare& one : shares)
    list.json(JsonObject{}
                  .text("attribute", one.attribute.name)
                  .text("type", one.attribute.type)
                  .number("share", one.share)
                  .finish());
  return list.finish();
}

std::string json_of(const std::vector<AttributeNote>& notes) {
  JsonArray list;
  for (const AttributeNote& one : notes)
    list.json(JsonObject{}.text("attribute", one.name).text("type", one.type).finish());
  return list.finish();
}

std::string to_json(const TargetStatus& target) {
  const TableStatus& t = target.table;
  JsonObject object;
  object.text("table", t.table).text("replica", t.replica).text("state", t.state);
  if (t.trouble().empty())
    object.json("problem", "null");
  else
    object.text("problem", t.trouble());
  object.text("layout", t.layout).flag("needs_pass", t.needs_pass);
  if (target.columns)
    object.json("columns", json_of(target.columns->columns))
        .json("in_rest", json_of(target.columns->in_rest))
        .json("in_rest_uncounted", json_of(target.columns->uncounted))
        .json("waiting_for_a_column", json_of(target.columns->waiting));
  return object.text("follower", t.follower)
      .flag("configured", t.configured)
      .flag("healthy", t.healthy())
      .number("epoch", t.epoch)
      .number("completed_epoch", t.completed_epoch)
      .number("items_scanned", t.items_scanned)
      .number("items_untaken", t.items_untaken)
      .number("records", t.records)
      .number("untaken", t.untaken)
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

std::string to_json(const std::vector<TargetStatus>& targets) {
  JsonArray list{",\n  "};
  for (const TargetStatus& target : targets) list.json(to_json(target));
  return JsonObject{}.json("tables", list.finish()).finish();
}

/// `x S 4.2 %, y N 1.0 %`
std::string text_of(const std::vector<AttributeShare>& shares) {
  std::string text;
  for (std::size_t i = 0; i < std::min(shares.size(), kAttributesShown); ++i)
    text += fmt::format("{}{} {} {:.1f} %", i == 0 ? "" : ", ", visible(shares[i].attribute.name),
                        shares[i].attribute.type, 100 * shares[i].share);
  return shares.size() > kAttributesShown ? text + ", more with --json" : text;
}

/// `x S, y N`
std::string text_of(const std::vector<AttributeNote>& notes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(notes.size(), kAttributesShown); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", visible(notes[i].name), notes[i].type);
  return notes.size() > kAttributesShown ? text + ", more with --json" : text;
}

void print_columns(const TableStatus& t, const ColumnsStatus& status) {
  const auto filled = std::ranges::count_if(
      status.columns, [](const AttributeColumn& column) { return !column.retired; });
  fmt::print("  {} columns; in _rest: {}\n", filled,
             !status.in_rest.empty()    ? text_of(status.in_rest)
             : status.uncounted.empty() ? "nothing"
                                        : "nothing that is counted");
  if (!status.uncounted.empty())
    fmt::print("  in _rest and not counted yet: {}\n", text_of(status.uncounted));
  if (status.waiting.empty()) return;
  std::string names;
  for (const AttributeColumn& column : status.waiting)
    names += (names.empty() ? "" : ", ") + visible(column.name);
  fmt::print(
      "  waiting for a column: {}; if its writer may not alter {}, let its owner run "
      "`dynamite bootstrap --table {}`\n",
      names, t.replica, t.table);
}

bool is_one_of_several(const TableStatus& t, const std::vector<TargetStatus>& targets) {
  return std::ranges::count_if(
             targets, [&](const TargetStatus& one) { return one.table.table == t.table; }) > 1;
}

void print_text(const std::vector<TargetStatus>& targets) {
  fmt::print("{:<24} {:<12} {:<9} {:>10} {:>10} {:>12} {:>6} {:>5}\n", "TABLE", "STATE", "FOLLOWER",
             "SCANNED", "RECORDS", "LAST RECORD", "DEAD", "GAPS");
  for (const auto& [t, columns] : targets) {
    const std::string last =
        t.lag_ms ? fmt::format("{:.1f} s ago", static_cast<double>(*t.lag_ms) / 1000) : "-";
    fmt::print("{:<24} {:<12} {:<9} {:>10} {:>10} {:>12} {:>6} {:>5}\n", t.table, t.state,
               t.follower, t.items_scanned, t.records, last, t.dead_letters, t.open_gaps);
    if (is_one_of_several(t, targets)) fmt::print("  into {}\n", visible(t.replica));
    if (!t.trouble().empty()) fmt::print("  problem: {}\n", visible(t.trouble()));
    if (t.completed_epoch == 0)
      fmt::print("  no snapshot pass is complete yet\n");
    else if (t.needs_pass)
      fmt::print(
          "  needs a pass, since its mapping has changed: `replicate` makes it, or `dynamite "
          "snapshot --table {}`\n",
          t.table);
    if (columns) print_columns(t, *columns);
    if (t.untaken + t.items_untaken > 0)
      fmt::print("  no target of its table takes {} of the records and {} of the scanned items\n",
                 t.untaken, t.items_untaken);
    if (t.undeletable_rows > 0)
      fmt::print(
          "  {} of its rows have no item and cannot be deleted: see `dynamite dead-letters "
          "--table {}`\n",
          t.undeletable_rows, t.table);
    if (!t.configured) fmt::print("  no longer configured: its rows stay as they are\n");
  }
}

std::vector<TargetStatus> with_columns(pg::Connection& connection, std::vector<TableStatus> tables,
                                       const std::vector<Replica>& replicas) {
  std::vector<TargetStatus> targets;
  for (TableStatus& table : tables) targets.push_back({.table = std::move(table), .columns = {}});
  for (const Replica& replica : replicas)
    for (const Target& target : replica.targets) {
      if (target.mapping.rules.layout != LayoutKind::columns) continue;
      const auto status = std::ranges::find(
          targets, target.id, [](const TargetStatus& one) { return one.table.target_id; });
      if (status != targets.end())
        status->columns = read_columns_status(connection, replica, target);
    }
  return targets;
}

std::vector<TargetStatus> status_of_tables(const Context& context) {
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "status"), context.stop);
  Catalogue catalogue{connection, context.config.state_schema};
  catalogue.require_usable();
  std::vector<TableStatus> tables = read_status(connection, context.config.state_schema);
  for (TableStatus& table : tables)
    table.configured =
        context.config.tables.empty() || find_rule(context.config.tables, table.table) != nullptr;
  return with_columns(connection, std::move(tables), catalogue.load());
}

}  // namespace

int run_status(const Context& context) {
  std::vector<TargetStatus> targets = status_of_tables(context);
  if (!context.line.tables.empty())
    std::erase_if(targets, [](const TargetStatus& one) { return !one.table.configured; });
  if (context.line.status.json)
    fmt::print("{}\n", to_json(targets));
  else
    print_text(targets);
  const auto is_healthy = [](const TargetStatus& one) { return one.table.healthy(); };
  return std::ranges::all_of(targets, is_healthy) ? kExitDone : kExitDiffers;
}

std::string status_answer(const Context& context) { return to_json(status_of_tables(context)); }

}  // namespace dynamite
