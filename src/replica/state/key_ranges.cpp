#include "replica/state/key_ranges.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <utility>

namespace dynamite {
namespace {

/// `($1::text, $2::numeric)`, the placeholders beginning at `first`.
std::string key_parameters(const KeyColumns& keys, std::size_t first) {
  std::vector<std::string> parts;
  for (const std::string_view type : keys.cast_types())
    parts.push_back(fmt::format("${}::{}", first + parts.size(), type));
  return fmt::format("({})", fmt::join(parts, ", "));
}

}  // namespace

std::string key_row(const KeyColumns& keys) { return fmt::format("({})", keys.names("t")); }

std::string KeyRange::condition(const KeyColumns& keys, std::size_t first) const {
  std::string sql = fmt::format("{} <= {}", key_row(keys), key_parameters(keys, first));
  if (after)
    sql += fmt::format(" AND {} > {}", key_row(keys), key_parameters(keys, first + keys.count()));
  return sql;
}

void KeyRange::add_to(pg::Params& params) const {
  for (const std::string& part : last) params.text(part);
  if (after)
    for (const std::string& part : *after) params.text(part);
}

std::optional<KeyRange> next_range(pg::Connection& connection, const Target& target,
                                   const std::optional<KeyText>& after, int rows) {
  return next_range(connection, target.qualified_name(), target.layout.keys(), after, rows);
}

std::optional<KeyRange> next_range(pg::Connection& connection, const std::string& table,
                                   const KeyColumns& keys, const std::optional<KeyText>& after,
                                   int rows) {
  std::string texts, descending;
  for (const Column& column : keys.columns()) {
    const std::string_view comma = texts.empty() ? "" : ", ";
    texts += fmt::format("{}c.{}::text", comma, column.quoted());
    descending += fmt::format("{}c.{} DESC", comma, column.quoted());
  }
  const std::string ascending = keys.names("t");
  pg::Params params;
  std::string where;
  if (after) {
    where = fmt::format("WHERE {} > {}", key_row(keys), key_parameters(keys, 1));
    for (const std::string& part : *after) params.text(part);
  }
  const pg::Result row = connection.run(
      fmt::format(
          "SELECT {} FROM (SELECT {} FROM {} t {} ORDER BY {} LIMIT {}) c ORDER BY {} LIMIT 1",
          texts, ascending, table, where, ascending, rows, descending),
      std::move(params));
  if (row.rows() == 0) return std::nullopt;
  KeyRange range{.after = after, .last = {}};
  for (int part = 0; part < static_cast<int>(keys.count()); ++part)
    range.last.emplace_back(row.at(0, part));
  return range;
}

}  // namespace dynamite
