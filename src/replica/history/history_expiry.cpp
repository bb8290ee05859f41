#include "replica/history/history_expiry.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace dynamite {
namespace {

/// SQL: two rows are of one key.
std::string same_key(const HistoryTable& history, std::string_view one, std::string_view other) {
  std::vector<std::string> same;
  for (const Column& column : history.keys().columns())
    same.push_back(fmt::format("{0}.{2} = {1}.{2}", one, other, column.quoted()));
  return fmt::format("{}", fmt::join(same, " AND "));
}

std::int64_t micros_of(Micros time) { return time.time_since_epoch().count(); }

}  // namespace

// Each row `r` of the span may say nothing any more, and so may the one before it. A row without an
// item says nothing only behind those before it: an item would come back otherwise.
std::string history_expiry_sql(const HistoryTable& history, int rows_max) {
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
      fmt::arg("rows", rows_max));
}

pg::Params params_of(const HistorySpan& span) {
  pg::Params params;
  params.timestamp(span.since ? std::optional{micros_of(*span.since)} : std::nullopt)
      .timestamp(micros_of(span.until));
  return params;
}

}  // namespace dynamite
