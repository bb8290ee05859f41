#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "layout/attribute_path.hpp"
#include "layout/column.hpp"
#include "layout/conversion.hpp"
#include "layout/take_pattern.hpp"

namespace dynamite {

/// A typed column of layout `columns`, and what of an item stands in it.
struct AttributeColumn {
  std::string name;  ///< unquoted
  ColumnType type = ColumnType::text;
  AttributePath from;
  std::optional<TakePattern> take{};  ///< of a string only a part
  TimeUnit unit = TimeUnit::none;     ///< of a number that becomes a timestamptz
  /// The column stands for nothing any more, and is NULL in every row that is written.
  bool retired = false;
  /// Values that rows had before the column are still on their way out of `_rest`.
  bool filling = false;

  bool operator==(const AttributeColumn&) const = default;
};

/// What stands in the column, for people: `attribute "total", type N`.
std::string description(const AttributeColumn& column);

/// Whether a column of that type has other values than DynamoDB's: a timestamptz of a string, say.
bool converts(ColumnType type);

}  // namespace dynamite
