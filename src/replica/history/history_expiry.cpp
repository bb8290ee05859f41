#include "replica/history/history_expiry.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamite {
namespace {

constexpr int kExpireRows = 10'000;  // of one transaction

/// SQL: two rows are of one key.
std::string same_key(const HistoryTable& history, std::string_view one, std::string_view other) {
  std::vector<std::string> same;
  for (const Column& column : history.keys().columns())
    same.push_back(fmt::format("{0}.{2} = {1}.{2}", one, other, column.quoted()));
  return fmt::format("{}", fmt::join(same, " AND "));
}

/// Parameters: HistorySpan. Each row `r` of the span may say nothing any more, and so may the one
/// before it. A row without an item says nothing only behind those before it: an item would come
/// back otherwise.
std::string expiry_sql(const HistoryTable& history) {
  return fmt::format(
      R"(WITH chosen AS MATERIALIZED (
  SELECT t.ctid FROM {history} r CROSS JOIN LATERAL (
    SELECT t.ctid, t.* FROM {history} t WHERE {of_key} AND t.{version} <= r.{version}
    ORDER BY t.{version} DESC LIMIT 2) t
  WHERE r.{changed_at} >= coalesce($1::timestamptz, '-infinity') AND r.{changed_at} < {until}
    AND t.{changed_at} < {until}
    AND ((SELECT o.{changed_at} FROM {history} o WHERE {same_key} AND o.{version} > t.{version}
        ORDER BY o.{version} LIMIT 1) < {until}
      OR (t.{item} IS NULL AND NOT EXISTS (
        SELECT FROM {history} o WHERE {same_key} AND o.{version} < t.{version})))
  LIMIT {rows}), gone AS (
  DELETE FROM {history} WHERE ctid = ANY (ARRAY(SELECT ctid FROM chosen)) RETURNING true)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) = 0 FROM chosen))",
      fmt::arg("history", history.qualified_name()),
      fmt::arg("of_key", same_key(history, "t", "r")), fmt::arg("changed_at", history.changed_at()),
      fmt::arg("until", "$2::timestamptz"), fmt::arg("same_key", same_key(history, "o", "t")),
      fmt::arg("version", history.version()), fmt::arg("item", history.item()),
      fmt::arg("rows", kExpireRows));
}

std::int64_t micros_of(Micros time) { return time.time_since_epoch().count(); }

}  // namespace

ExpiredHistory expire_history(pg::Connection& connection, const HistoryTable& history,
                              const HistorySpan& span, int transactions_max) {
  const std::string sql = expiry_sql(history);
  const auto since =
      span.since ? std::optional{micros_of(*span.since)} : std::optional<std::int64_t>{};
  ExpiredHistory expired;
  // Until nothing is left: behind what a transaction deletes, rows without an item go too.
  for (int i = 0; i < transactions_max && !expired.is_complete; ++i) {
    const pg::Result deleted = connection.run(
        sql, std::move(pg::Params{}.timestamp(since).timestamp(micros_of(span.until))));
    expired.rows += static_cast<std::uint64_t>(deleted.number(0, 0));
    expired.is_complete = deleted.flag(0, 1);
  }
  return expired;
}

}  // namespace dynamite
