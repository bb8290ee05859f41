#include "replica/change/adopted_columns.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace dynamite {
namespace {

/// Types of columns that nobody has to declare.
constexpr std::array kTypes{
    ColumnType::text,  ColumnType::numeric,    ColumnType::boolean,       ColumnType::bytea,
    ColumnType::jsonb, ColumnType::text_array, ColumnType::numeric_array, ColumnType::bytea_array};

std::optional<AttributeColumn> column_of(const FoundColumn& found) {
  constexpr std::string_view kBegin = "attribute ", kEnd = ", type ";
  const std::string_view comment = found.comment;
  const std::size_t end = comment.rfind(kEnd);
  if (!comment.starts_with(kBegin) || end == std::string_view::npos || end < kBegin.size())
    return std::nullopt;
  auto path = AttributePath::parse(comment.substr(kBegin.size(), end - kBegin.size()));
  if (!path || !path->is_attribute()) return std::nullopt;
  AttributeColumn column{.name = found.name, .from = std::move(*path)};
  for (const ColumnType type : kTypes) {
    column.type = type;
    if (type_in_catalogue(type) == found.type && description(column) == comment) return column;
  }
  return std::nullopt;
}

}  // namespace

std::vector<AttributeColumn> adopted_columns(std::span<const FoundColumn> found) {
  std::vector<AttributeColumn> columns;
  for (const FoundColumn& one : found)
    if (auto column = column_of(one)) columns.push_back(std::move(*column));
  return columns;
}

}  // namespace dynamite
