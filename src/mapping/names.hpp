#pragma once

#include <optional>
#include <string_view>

#include "layout/conversion.hpp"
#include "mapping/mapping.hpp"

namespace dynamite {

// As the configuration and the catalogue write them.

std::string_view name_of(LayoutKind layout);  ///< "document"
std::optional<LayoutKind> layout_named(std::string_view name);

std::string_view name_of(ColumnNames names);  ///< "as_attributes"
std::optional<ColumnNames> column_names_named(std::string_view name);

std::string_view name_of(TimeUnit unit);  ///< "ms"; empty for none
/// Never TimeUnit::none.
std::optional<TimeUnit> time_unit_named(std::string_view name);

}  // namespace dynamite
