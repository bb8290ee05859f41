#pragma once

#include <span>
#include <vector>

#include "layout/attribute_column.hpp"
#include "replica/state/existing_table.hpp"

namespace dynamite {

/// The columns of whole attributes that a former replica has left in a table, by their comments and
/// types. Who takes the table over must go on filling them.
std::vector<AttributeColumn> adopted_columns(std::span<const FoundColumn> found);

}  // namespace dynamite
