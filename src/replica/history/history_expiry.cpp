#include "replica/history/history_expiry.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace dynamite {
namespace {

constexpr int kExpireRows = 10'000;         // of one transaction
constexpr int kExpireTransactionsMax = 50;  // of one call: whoever calls has other work

/// Parameter: what is kept, in seconds. The last row of a key says nothing only behind those before
/// it: an item would come back otherwise.
std::string expiry_sql(const HistoryTable& history) {
  std::vector<std::string> same_key;
  for (const Column& column : history.keys().columns())
    same_key.push_back(fmt::format("o.{0} = t.{0}", column.quoted()));
  return fmt::format(
      R"(DELETE FROM {history} WHERE ctid IN (
  SELECT t.ctid FROM {history} t
  WHERE t.{changed_at} < now() - $1::bigint * interval '1 second'
    AND ((SELECT o.{changed_at} FROM {history} o WHERE {same_key} AND o.{version} > t.{version}
        ORDER BY o.{version} LIMIT 1) < now() - $1::bigint * interval '1 second'
      OR (t.{item} IS NULL AND NOT EXISTS (
        SELECT FROM {history} o WHERE {same_key} AND o.{version} <> t.{version})))
  LIMIT {rows} FOR UPDATE OF t SKIP LOCKED))",
      fmt::arg("history", history.qualified_name()), fmt::arg("changed_at", history.changed_at()),
      fmt::arg("same_key", fmt::join(same_key, " AND ")), fmt::arg("version", history.version()),
      fmt::arg("item", history.item()), fmt::arg("rows", kExpireRows));
}

}  // namespace

std::uint64_t expire_history(pg::Connection& connection, const HistoryTable& history,
                             std::chrono::seconds keep) {
  const std::string sql = expiry_sql(history);
  std::uint64_t total = 0;
  for (int i = 0; i < kExpireTransactionsMax; ++i) {
    const std::uint64_t deleted =
        connection.run(sql, std::move(pg::Params{}.number(keep.count()))).affected();
    total += deleted;
    if (deleted < kExpireRows) break;
  }
  return total;
}

}  // namespace dynamite
