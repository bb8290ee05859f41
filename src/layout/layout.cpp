#include "layout/layout.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "layout/document_writer.hpp"

namespace dynamite {

Layout Layout::document(const KeySchema& keys) {
  using enum ColumnRole;
  Layout layout{keys};
  for (const Column& key : layout.keys_.columns()) layout.add(key);
  layout.add({.name = "item",
              .type = ColumnType::jsonb,
              .role = value,
              .comment = "the whole item as natural JSON, keys included",
              .field = "item"});
  layout.add({.name = "mod_time",
              .type = ColumnType::timestamptz,
              .role = changed_at,
              .comment = "when the item last changed; for a row that only a scan wrote, the scan's "
                         "time"});
  layout.add({.name = "create_time",
              .type = ColumnType::timestamptz,
              .role = created_at,
              .comment = "when the row first appeared"});
  layout.add({.name = "_types",
              .type = ColumnType::jsonb,
              .role = value,
              .not_null = false,
              .comment = "what natural JSON cannot say, by JSON pointer: B, SS, NS, BS, S:base64",
              .field = "types"});
  layout.add({.name = "_version",
              .type = ColumnType::numeric,
              .role = version,
              .comment = "bookkeeping of dynamite: stream generation * 10^40 + sequence number"});
  layout.add({.name = "_epoch",
              .type = ColumnType::integer,
              .role = epoch,
              .comment = "bookkeeping of dynamite: the snapshot pass during which the row was last "
                         "written"});
  return layout;
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

const Column& Layout::of(ColumnRole role) const {
  const auto found = std::ranges::find(all_, role, &Column::role);
  if (found == all_.end()) throw Error{Error::Kind::bug, "the layout has no column of that role"};
  return *found;
}

std::unique_ptr<RowWriter> Layout::writer() const { return std::make_unique<DocumentWriter>(); }

}  // namespace dynamite
