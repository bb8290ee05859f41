#include "layout/attribute_column.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace dynamite {
namespace {

/// DynamoDB's types whose values stand in a column of each ColumnType, in its order.
constexpr auto kTypes =
    std::to_array<std::string_view>({"S", "N", "B", "M or L", "S or N", "S or N", "BOOL", "S or N",
                                     "S or N", "S", "S", "SS", "NS", "BS"});

std::string_view unit_name(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::s:
      return "seconds";
    case TimeUnit::ms:
      return "milliseconds";
    case TimeUnit::us:
      return "microseconds";
    default:
      return "";
  }
}

}  // namespace

std::string description(const AttributeColumn& column) {
  if (column.retired) return "not filled any more: no attribute stands here";
  const std::string_view type = kTypes.at(static_cast<std::size_t>(column.type));
  std::string text = fmt::format("attribute {}, type {}", column.from.text(), type);
  if (column.unit != TimeUnit::none)
    text = fmt::format("attribute {}, type N, {} since 1970", column.from.text(),
                       unit_name(column.unit));
  if (column.take) text += fmt::format(", of it {}", column.take->text());
  return text;
}

bool converts(ColumnType type) {
  switch (type) {
    case ColumnType::timestamptz:
    case ColumnType::integer:
    case ColumnType::bigint:
    case ColumnType::double_precision:
    case ColumnType::date:
    case ColumnType::uuid:
      return true;
    default:
      return false;
  }
}

}  // namespace dynamite
