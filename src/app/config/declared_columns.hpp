#pragma once

#include <string>
#include <vector>

#include "app/config/value.hpp"
#include "layout/attribute_column.hpp"

namespace dynamite {

/// `columns` of a [[table]]: `{ total = "numeric", city = { from = "address.city" } }`. What is
/// wrong with it is added to `problems`.
std::vector<AttributeColumn> read_columns(const Setting& columns,
                                          std::vector<std::string>& problems);

}  // namespace dynamite
