#pragma once

#include <span>
#include <string>
#include <vector>

#include "layout/layout.hpp"

namespace dynamite {

/// The table beside a target, `TABLE_history`, that has a row for each record of the stream, and
/// the view `TABLE_ranges`, which says from when to when each of these rows held. Their items stand
/// as in layout `document`, whatever the target's layout.
class HistoryTable {
 public:
  /// Beside the target `schema`.`table` of a source with those keys.
  HistoryTable(std::string schema, const std::string& table, const KeySchema& keys);

  std::string qualified_name() const;  ///< quoted: "public"."Orders_history"
  std::string ranges_name() const;     ///< quoted: "public"."Orders_ranges"
  std::string index_name() const;      ///< quoted, of the index of times

  /// In the order of CREATE TABLE. The primary key is that of the target, and the version.
  std::span<const Column> columns() const noexcept { return columns_; }
  /// What a RowWriter fills is `item` and `_types`.
  const Layout& layout() const noexcept { return layout_; }
  const KeyColumns& keys() const noexcept { return layout_.keys(); }

  // Quoted names of columns.

  std::string item() const { return layout_.values()[0].quoted(); }
  std::string types() const { return layout_.values()[1].quoted(); }
  std::string changed_at() const { return layout_.of(ColumnRole::changed_at).quoted(); }
  std::string version() const { return layout_.of(ColumnRole::version).quoted(); }
  std::string change() const;
  std::string valid_from() const;  ///< of the view
  std::string valid_to() const;    ///< of the view

 private:
  std::string free_name(std::string name) const;

  std::string schema_, table_, ranges_;
  Layout layout_;
  std::vector<Column> columns_;
};

}  // namespace dynamite
