#pragma once

#include <memory>
#include <span>
#include <vector>

#include "layout/attribute_column.hpp"
#include "layout/column.hpp"
#include "layout/key_columns.hpp"
#include "layout/row_writer.hpp"
#include "pg/array.hpp"

namespace dynamite {

/// Which columns a replica has. Whatever makes, checks, fills or compares a replica walks them.
class Layout {
 public:
  Layout() = default;  ///< no column

  /// Key columns, the item as jsonb, bookkeeping. `retired`: columns of another layout that the
  /// table had before.
  /// `keeps`: rows of removed items stay.
  static Layout document(const KeySchema& keys, std::vector<AttributeColumn> retired = {},
                         bool keeps = false);

  /// Key columns, typed columns, what does not stand in one of them, bookkeeping.
  static Layout columns(const KeySchema& keys, std::vector<AttributeColumn> columns,
                        bool keeps = false);

  /// In the order of CREATE TABLE and of COPY; the key columns come first.
  std::span<const Column> all() const noexcept { return all_; }
  const KeyColumns& keys() const noexcept { return keys_; }
  /// The columns that a RowWriter fills, in the order of all().
  std::span<const Column> values() const noexcept { return values_; }
  /// The type in which each of values() travels in an array; see TravelForm.
  std::vector<pg::ElementType> value_elements() const;
  /// Each of values() among the rows of a statement.
  std::vector<ArrayField> value_fields() const;
  /// The only column of that role.
  const Column& of(ColumnRole role) const;
  /// Whether rows of removed items stay, with a time in the column of ColumnRole::removed_at.
  bool keeps() const noexcept { return keeps_; }
  /// SQL: ` AND t."removed_at" IS NULL`, whether the item of the row `t` is there; empty where all
  /// are.
  std::string and_not_removed() const;

  std::unique_ptr<RowWriter> writer() const;

 private:
  explicit Layout(const KeySchema& keys);
  void add(Column column);
  void add_attributes(std::vector<AttributeColumn> columns);
  void add_types();
  void add_times();
  void add_bookkeeping(bool keeps);

  bool is_document_ = true, keeps_ = false;
  KeyColumns keys_;
  std::vector<AttributeColumn> attributes_;
  std::vector<Column> all_, values_;
};

}  // namespace dynamite
