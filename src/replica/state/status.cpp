#include "replica/state/status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pg/identifier.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

// A daemon that lives asks something over its control connection each second.
constexpr std::int64_t kDaemonSignMsMax = 30'000;
// `maintain` looks after a mapping once an hour at least.
constexpr std::int64_t kLambdaSignMsMax = 2 * std::int64_t{3'600'000};

/// A clock that was ahead makes no age negative.
std::optional<std::int64_t> optional_age(const pg::Result& rows, int row, int column) {
  if (!rows.text(row, column)) return std::nullopt;
  return std::max<std::int64_t>(rows.number(row, column), 0);
}

/// SQL: how many milliseconds ago `time` was.
std::string age_ms(std::string_view time) {
  return fmt::format("(extract(epoch FROM clock_timestamp() - {}) * 1000)::bigint", time);
}

}  // namespace

bool TableStatus::healthy() const {
  return problem.empty() && silence().empty() && dead_letters == 0 && open_gaps == 0 &&
         completed_epoch > 0 && !needs_pass;
}

std::string TableStatus::silence() const {
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

// The server ends the session lock of a daemon with its connection. Only members of the daemon's
// role see when that connection was last used.
std::vector<TableStatus> read_status(pg::Connection& connection, const std::string& state_schema) {
  const pg::Result rows = connection.run(
      fmt::format(
          R"(SELECT s.table_name, s.replica, s.state, coalesce(s.problem, ''), s.follower,
  s.records::bigint, s.items_scanned::bigint, s.dead_letters, s.open_gaps, s.epoch, s.completed_epoch,
  s.shards_open, {0}, {1},
  greatest((SELECT reltuples FROM pg_class WHERE oid = to_regclass(s.replica)), 0)::bigint,
  l.pid IS NOT NULL, {2},
  (SELECT count(*) FROM {5} d WHERE d.replica_id = r.replica_id AND {6}),
  s.needs_pass, s.layout, s.target_id, s.untaken::bigint, s.items_untaken::bigint
FROM {3} s JOIN {4} r ON r.source_arn = s.source_arn
LEFT JOIN LATERAL (
  SELECT k.pid, a.state_change AS used_at
  FROM pg_locks k JOIN pg_database d ON d.oid = k.database AND d.datname = current_database()
  LEFT JOIN pg_stat_activity a ON a.pid = k.pid
  WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 2
    AND k.classid = $1::integer::oid AND k.objid = r.replica_id::oid LIMIT 1) l ON true
ORDER BY s.table_name, s.target_id)",
          age_ms("s.last_record_time"), age_ms("s.last_applied_at"),
          age_ms("CASE s.follower WHEN 'daemon' THEN l.used_at ELSE r.followed_at END"),
          state_name(state_schema, "status"), state_name(state_schema, "replica"),
          state_name(state_schema, "dead_letter"), is_swept_letter("d.record")),
      std::move(pg::Params{}.number(alive_lock_class(state_schema))));
  std::vector<TableStatus> tables;
  for (int row = 0; row < rows.rows(); ++row) {
    const auto text = [&](int column) { return std::string{rows.at(row, column)}; };
    const auto number = [&](int column) { return rows.number(row, column); };
    TableStatus table{.target_id = static_cast<std::int32_t>(number(20)),
                      .table = text(0),
                      .replica = text(1),
                      .layout = text(19),
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
    table.needs_pass = rows.flag(row, 18);
    table.untaken = number(21);
    table.items_untaken = number(22);
    tables.push_back(std::move(table));
  }
  return tables;
}

OpenProblems count_open_problems(pg::Connection& connection, const std::string& state_schema) {
  const pg::Result sums = connection.run(fmt::format(
      "SELECT coalesce(sum(open_gaps), 0)::bigint, coalesce(sum(dead_letters), 0)::bigint FROM {}",
      state_name(state_schema, "status")));
  return {.gaps = sums.number(0, 0), .dead_letters = sums.number(0, 1)};
}

}  // namespace dynamite
