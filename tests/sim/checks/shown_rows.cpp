#include "sim/checks/shown_rows.hpp"

#include <fmt/format.h>

#include <vector>

#include "layout/key_columns.hpp"
#include "pg/connection.hpp"
#include "support/natural_json.hpp"
#include "support/rebuilt_item.hpp"

namespace dynamite::sim {
namespace {

/// `item`, `types`: SQL; `and_which`: SQL of a condition.
ShownRows select_rows(pg::Connection& connection, const Target& target, const std::string& item,
                      const std::string& types, const std::string& and_which) {
  const KeyColumns& keys = target.layout.keys();
  const std::vector<std::string> columns = keys.texts();
  const pg::Result found =
      connection.run(fmt::format("SELECT {}, {}, {} FROM {} t WHERE true{}", item, types,
                                 fmt::join(columns, ", "), target.qualified_name(), and_which));
  ShownRows shown;
  for (int row = 0; row < found.rows(); ++row) {
    std::vector<std::string> parts;
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      parts.emplace_back(found.at(row, 2 + column));
    const auto natural = found.text(row, 0);
    shown.emplace(keys.canonical_key(parts),
                  natural ? test::dynamodb_json_of(*natural, found.text(row, 1).value_or("")) : "");
  }
  return shown;
}

}  // namespace

ShownRows shown_rows(pg::Connection& connection, const Target& target) {
  return select_rows(connection, target, test::item_sql(target), test::types_sql(target),
                     target.layout.and_not_removed());
}

ShownRows kept_rows(pg::Connection& connection, const Target& target, bool shows_items) {
  return select_rows(
      connection, target, shows_items ? test::item_sql(target) : "NULL",
      shows_items ? test::types_sql(target) : "NULL",
      fmt::format(" AND t.{} IS NOT NULL", target.layout.of(ColumnRole::removed_at).quoted()));
}

}  // namespace dynamite::sim
