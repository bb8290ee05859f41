#include "sim/checks/shown_rows.hpp"

#include <fmt/format.h>

#include <vector>

#include "layout/key_columns.hpp"
#include "pg/connection.hpp"
#include "support/natural_json.hpp"
#include "support/rebuilt_item.hpp"

namespace dynamite::sim {

std::map<std::string, std::string> shown_rows(pg::Connection& connection, const Target& target,
                                              RowsOf rows) {
  const KeyColumns& keys = target.layout.keys();
  const std::vector<std::string> columns = keys.texts();
  const std::string which =
      rows == RowsOf::items
          ? target.layout.and_not_removed()
          : fmt::format(" AND t.{} IS NOT NULL", target.layout.of(ColumnRole::removed_at).quoted());
  const pg::Result found = connection.run(fmt::format(
      "SELECT {}, {}, {} FROM {} t WHERE true{}", test::item_sql(target), test::types_sql(target),
      fmt::join(columns, ", "), target.qualified_name(), which));
  std::map<std::string, std::string> shown;
  for (int row = 0; row < found.rows(); ++row) {
    std::vector<std::string> parts;
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      parts.emplace_back(found.at(row, 2 + column));
    const auto item = found.text(row, 0);
    shown.emplace(keys.canonical_key(parts),
                  item ? test::dynamodb_json_of(*item, found.text(row, 1).value_or("")) : "");
  }
  return shown;
}

}  // namespace dynamite::sim
