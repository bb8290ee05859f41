#include "layout/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "layout/column_writer.hpp"
#include "layout/document_writer.hpp"

namespace dynamite {

Layout::Layout(const KeySchema& keys) : keys_{keys} {
  for (const Column& key : keys_.columns()) add(key);
}

Layout Layout::document(const KeySchema& keys, std::vector<AttributeColumn> retired, bool keeps) {
  Layout layout{keys};
  layout.add({.name = "item",
              .type = ColumnType::jsonb,
              .role = ColumnRole::value,
              .comment = "the whole item as natural JSON, keys included",
              .field = "item"});
  layout.add_times();
  layout.add_types();
  layout.add_bookkeeping(keeps);
  layout.add_attributes(std::move(retired));
  return layout;
}

Layout Layout::columns(const KeySchema& keys, std::vector<AttributeColumn> columns, bool keeps) {
  Layout layout{keys};
  layout.is_document_ = false;
  layout.add_attributes(std::move(columns));
  layout.add({.name = "_rest",
              .type = ColumnType::jsonb,
              .role = ColumnRole::value,
              .not_null = false,
              .comment =
                  "attributes without a column, and values that do not fit theirs, as natural "
                  "JSON",
              .field = "rest"});
  layout.add_types();
  layout.add_times();
  layout.add_bookkeeping(keeps);
  return layout;
}

void Layout::add_attributes(std::vector<AttributeColumn> columns) {
  attributes_ = std::move(columns);
  for (const AttributeColumn& column : attributes_)
    add({.name = column.name,
         .type = column.type,
         .role = ColumnRole::value,
         .not_null = false,
         .comment = description(column),
         .field = fmt::format("a{}", values_.size() + 1)});
}

void Layout::add_types() {
  add({.name = "_types",
       .type = ColumnType::jsonb,
       .role = ColumnRole::value,
       .not_null = false,
       .comment = "what natural JSON cannot say, by JSON pointer: B, SS, NS, BS, S:base64",
       .field = "types"});
}

void Layout::add_times() {
  add({.name = "mod_time",
       .type = ColumnType::timestamptz,
       .role = ColumnRole::changed_at,
       .comment = "when the item last changed; for a row that only a scan wrote, the scan's time"});
  add({.name = "create_time",
       .type = ColumnType::timestamptz,
       .role = ColumnRole::created_at,
       .comment = "when the row first appeared"});
}

void Layout::add_bookkeeping(bool keeps) {
  add({.name = "_version",
       .type = ColumnType::numeric,
       .role = ColumnRole::version,
       .comment = "bookkeeping of dynamite: stream generation * 10^40 + sequence number"});
  add({.name = "_epoch",
       .type = ColumnType::integer,
       .role = ColumnRole::epoch,
       .comment = "bookkeeping of dynamite: the snapshot pass during which the row was last "
                  "written"});
  keeps_ = keeps;
  if (keeps)
    add({.name = "removed_at",
         .type = ColumnType::timestamptz,
         .role = ColumnRole::removed_at,
         .not_null = false,
         .comment = "when the item was removed; NULL: it is there"});
}

/// A column of ours has underscores appended until no key column has its name.
void Layout::add(Column column) {
  const bool is_key = column.role == ColumnRole::key;
  const auto is_taken = [&] {
    return std::ranges::find(keys_.columns(), column.name, &Column::name) != keys_.columns().end();
  };
  while (!is_key && is_taken()) column.name += '_';
  if (column.role == ColumnRole::value) values_.push_back(column);
  all_.push_back(std::move(column));
}

std::vector<pg::ElementType> Layout::value_elements() const {
  std::vector<pg::ElementType> elements;
  for (const Column& column : values_) elements.push_back(travel_form(column.type).element);
  return elements;
}

std::vector<ArrayField> Layout::value_fields() const {
  std::vector<ArrayField> fields;
  for (const Column& column : values_) {
    const TravelForm& form = travel_form(column.type);
    fields.push_back({.name = column.field, .type = form.array_of, .cast = form.cast});
  }
  return fields;
}

const Column& Layout::of(ColumnRole role) const {
  const auto found = std::ranges::find(all_, role, &Column::role);
  if (found == all_.end()) throw Error{Error::Kind::bug, "the layout has no column of that role"};
  return *found;
}

std::string Layout::and_not_removed() const {
  if (!keeps_) return {};
  return fmt::format(" AND t.{} IS NULL", of(ColumnRole::removed_at).quoted());
}

std::unique_ptr<RowWriter> Layout::writer() const {
  if (is_document_) return std::make_unique<DocumentWriter>();
  return std::make_unique<ColumnWriter>(attributes_, keys_.schema());
}

}  // namespace dynamite
