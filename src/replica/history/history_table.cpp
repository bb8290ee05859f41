#include "replica/history/history_table.hpp"

#include <algorithm>
#include <utility>

#include "pg/identifier.hpp"

namespace dynamite {

HistoryTable::HistoryTable(std::string schema, const std::string& table, const KeySchema& keys)
    : schema_{std::move(schema)},
      table_{shorten_identifier(table + "_history")},
      ranges_{shorten_identifier(table + "_ranges")},
      layout_{Layout::document(keys)} {}

std::string HistoryTable::qualified_name() const {
  return quote_identifier(schema_) + "." + quote_identifier(table_);
}

std::string HistoryTable::ranges_name() const {
  return quote_identifier(schema_) + "." + quote_identifier(ranges_);
}

/// A column that no layout has gets underscores appended until no key column has its name.
std::string HistoryTable::free_name(std::string name) const {
  while (std::ranges::find(keys().columns(), name, &Column::name) != keys().columns().end())
    name += '_';
  return quote_identifier(name);
}

}  // namespace dynamite
