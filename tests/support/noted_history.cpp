#include "support/noted_history.hpp"

#include <fmt/format.h>

#include "replica/history/history_sql.hpp"
#include "support/natural_json.hpp"

namespace dynamite::test {

std::vector<NotedRow> noted_rows(pg::Connection& connection, const HistoryTable& history) {
  const KeyColumns& keys = history.keys();
  const std::vector<std::string> columns = keys.texts();
  const pg::Result found = connection.run(
      fmt::format("SELECT t.{0}, t.{1}, t.{2}, trunc(t.{3}), t.{3} = trunc(t.{3}), {4} FROM {5} t "
                  "ORDER BY {6}, t.{3}",
                  history.change(), history.item(), history.types(), history.version(),
                  fmt::join(columns, ", "), history.qualified_name(), keys.names("t")));
  std::vector<NotedRow> rows;
  for (int row = 0; row < found.rows(); ++row) {
    std::vector<std::string> parts;
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      parts.emplace_back(found.at(row, 5 + column));
    NotedRow& noted = rows.emplace_back();
    noted.key = keys.canonical_key(parts);
    noted.change = found.at(row, 0);
    if (const auto item = found.text(row, 1))
      noted.item = dynamodb_json_of(*item, found.text(row, 2).value_or(""));
    noted.record = Version::parse(found.at(row, 3));
    noted.is_of_record = found.flag(row, 4);
  }
  return rows;
}

std::int64_t overlapping_ranges(pg::Connection& connection, const HistoryTable& history) {
  std::string same_key;
  for (const Column& column : history.keys().columns())
    same_key += fmt::format("a.{0} = b.{0} AND ", column.quoted());
  return connection
      .run(fmt::format("SELECT count(*) FROM {0} a JOIN {0} b ON {1} a.{2} < b.{2} WHERE a.{3} > "
                       "b.{4} OR a.{3} IS NULL",
                       history.ranges_name(), same_key, history.version(), history.valid_to(),
                       history.valid_from()))
      .number(0, 0);
}

std::string_view word_for(const SeenRecord& record, const std::optional<Clause>& where) {
  const std::string_view removed = record.is_expiry ? kHistoryExpired : kHistoryRemoved;
  if (!where) return record.is_put ? kHistoryPut : removed;
  if (record.is_put && where->matches(record.image)) return kHistoryPut;
  const bool was_taken =
      !record.old_image || (!record.old_image->empty() && where->matches(*record.old_image));
  if (!was_taken) return {};
  return record.is_put ? kHistoryLeft : removed;
}

std::optional<Clause> clause_of(const std::string& where) {
  return where.empty() ? std::nullopt : std::optional{Clause::parse(where)};
}

}  // namespace dynamite::test
