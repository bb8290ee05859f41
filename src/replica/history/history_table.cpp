#include "replica/history/history_table.hpp"

#include <algorithm>
#include <utility>

#include "pg/identifier.hpp"

namespace dynamite {
namespace {

Column with_comment(Column column, std::string comment) {
  column.comment = std::move(comment);
  return column;
}

}  // namespace

HistoryTable::HistoryTable(std::string schema, const std::string& table, const KeySchema& keys)
    : schema_{std::move(schema)},
      table_{shorten_identifier(table + "_history")},
      ranges_{shorten_identifier(table + "_ranges")},
      layout_{Layout::document(keys)},
      columns_{layout_.keys().columns().begin(), layout_.keys().columns().end()} {
  columns_.push_back(with_comment(
      layout_.values()[0], "the whole item as natural JSON, keys included; NULL: it is gone"));
  columns_.back().not_null = false;
  columns_.push_back(layout_.values()[1]);
  columns_.push_back(
      {.name = free_name("change"),
       .type = ColumnType::text,
       .role = ColumnRole::value,
       .comment =
           "put, removed, expired, left: by a record of the stream; scanned, swept: an item was "
           "read"});
  columns_.push_back(with_comment(layout_.of(ColumnRole::changed_at),
                                  "when the item changed; of a pass, when it was found"));
  columns_.push_back(with_comment(layout_.of(ColumnRole::version),
                                  "bookkeeping of dynamite: the order of the changes of a key"));
}

std::string HistoryTable::qualified_name() const {
  return quote_identifier(schema_) + "." + quote_identifier(table_);
}

std::string HistoryTable::ranges_name() const {
  return quote_identifier(schema_) + "." + quote_identifier(ranges_);
}

std::string HistoryTable::index_name() const {
  return quote_identifier(shorten_identifier(table_ + "_time"));
}

std::string HistoryTable::change() const { return quote_identifier(free_name("change")); }
std::string HistoryTable::valid_from() const { return quote_identifier(free_name("valid_from")); }
std::string HistoryTable::valid_to() const { return quote_identifier(free_name("valid_to")); }

/// A column that no layout has gets underscores appended until no key column has its name.
std::string HistoryTable::free_name(std::string name) const {
  while (std::ranges::find(keys().columns(), name, &Column::name) != keys().columns().end())
    name += '_';
  return name;
}

}  // namespace dynamite
