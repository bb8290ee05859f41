#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "layout/attribute_column.hpp"

namespace dynamite {

/// timestamptz or date, if every text is one; absent also if there is no text.
std::optional<ColumnType> time_type_of(std::span<const std::string_view> texts);

/// What numbers count that an attribute of that name holds, if they are times; absent if they are
/// none.
std::optional<TimeUnit> time_unit_of(std::string_view attribute,
                                     std::span<const std::string_view> numbers);

}  // namespace dynamite
