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
#include "pg/identifier.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

// A daemon that lives asks something over its control connection each second.
constexpr std::int64_t kDaemonSignMsMax = 30'000;
// `maintain` looks after a mapping once an hour at least.
constexpr std::int64_t kLambdaSignMsMax = 2 * 3'600'000;

/// A row of the view `status`, and when its follower gave a sign of life.
struct TableStatus {
  std::string table, replica, state, problem, follower;
  std::int64_t rows = 0, records = 0, items_scanned = 0, dead_letters = 0, open_gaps = 0;
  std::int64_t undeletable_rows = 0;  // of the dead letters
  std::int64_t epoch = 0, completed_epoch = 0, shards_open = 0;
  std::optional<std::int64_t> lag_ms = {};            // newest record applied
  std::optional<std::int64_t> since_applied_ms = {};  // last commit of a record
  bool daemon_lives = false;                          // it holds the session lock
  std::optional<std::int64_t> since_sign_ms = {};     // of life, from whoever follows
  bool configured = true;

  bool healthy() const {
    return problem.empty() && silence().empty() && dead_letters == 0 && open_gaps == 0 &&
           completed_epoch > 0;
  }

  /// Why nobody follows the table although one should; empty: somebody does, or nobody should.
  std::string silence() const {
    if (follower == "daemon" && !daemon_lives)
      return fmt::format(
          "its daemon is gone, and Lambda is refused: start the daemon again, or run "
          "`dynamite release --table {}`",
          table);
    const std::int64_t allowed = follower == "daemon" ? kDaemonSignMsMax : kLambdaSignMsMax;
    if (since_sign_ms.value_or(0) <= allowed) return {};
    const double seconds = static_cast<double>(*since_sign_ms) / 1000;
    if (follower == "daemon")
      return fmt::format("its daemon has given no sign of life for {:.0f} s: it hangs", seconds);
    return fmt::format(
        "nobody has followed it for {:.1f} h: no daemon runs, and Lambda's "
        "`maintain` has not run or found its mapping unhealthy",
        seconds / 3600);
  }

  /// What a person has to mend.
  std::string trouble() const { return problem.empty() ? silence() : problem; }
};

/// A clock that was ahead makes no age negative.
std::optional<std::int64_t> optional_age(const pg::Result& rows, int row, int column) {
  if (!rows.text(row, column)) return std::nullopt;
  return std::max<std::int64_t>(rows.number(row, column), 0);
}

/// SQL for how long ago that was, in milliseconds.
std::string age_ms(std::string_view time) {
  return fmt::format("(extract(epoch FROM clock_timestamp() - {}) * 1000)::bigint", time);
}

// The server ends the session lock of a daemon with its connection. When that connection was last
// used, only members of the daemon's role see.
std::vector<TableStatus> read_status(pg::Connection& connection, const Config& config) {
  const pg::Result rows = connection.run(
      fmt::format(
          R"(SELECT s.table_name, s.replica, s.state, coalesce(s.problem, ''), s.follower,
  s.records::bigint, s.items_scanned::bigint, s.dead_letters, s.open_gaps, s.epoch, s.completed_epoch,
  s.shards_open, {0}, {1},
  greatest((SELECT reltuples FROM pg_class WHERE oid = to_regclass(s.replica)), 0)::bigint,
  l.pid IS NOT NULL, {2},
  (SELECT count(*) FROM {5} d WHERE d.replica_id = r.replica_id AND {6})
FROM {3} s JOIN {4} r ON r.source_arn = s.source_arn
LEFT JOIN LATERAL (
  SELECT k.pid, a.state_change AS used_at
  FROM pg_locks k JOIN pg_database d ON d.oid = k.database AND d.datname = current_database()
  LEFT JOIN pg_stat_activity a ON a.pid = k.pid
  WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 2
    AND k.classid = $1::integer::oid AND k.objid = r.replica_id::oid LIMIT 1) l ON true
ORDER BY s.table_name)",
          age_ms("s.last_record_time"), age_ms("s.last_applied_at"),
          age_ms("CASE s.follower WHEN 'daemon' THEN l.used_at ELSE r.followed_at END"),
          state_name(config.state_schema, "status"), state_name(config.state_schema, "replica"),
          state_name(config.state_schema, "dead_letter"), is_swept_letter("d.record")),
      std::move(pg::Params{}.number(alive_lock_class(config.state_schema))));
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
    table.lag_ms = optional_age(rows, row, 12);
    table.since_applied_ms = optional_age(rows, row, 13);
    table.rows = number(14);
    table.daemon_lives = rows.flag(row, 15);
    table.since_sign_ms = optional_age(rows, row, 16);
    table.undeletable_rows = number(17);
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
  if (context.line.status.json)
    fmt::print("{}\n", to_json(tables));
  else
    print_text(tables);
  return std::ranges::all_of(tables, &TableStatus::healthy) ? kExitDone : kExitDiffers;
}

std::string status_answer(const Context& context) { return to_json(read_status(context)); }

}  // namespace dynamite
