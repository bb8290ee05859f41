#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "layout/attribute_column.hpp"
#include "suggest/entities.hpp"

namespace dynamite {

/// An attribute of an entity's items, other than the keys.
struct AttributeSummary {
  std::string name;
  std::size_t items = 0;                     ///< that have it
  std::map<ValueType, std::size_t> types{};  ///< how many of each
};

/// What the items of one entity consist of, attributes by name.
std::vector<AttributeSummary> summarize_attributes(std::span<const SampledItem* const> items,
                                                   const KeySchema& key_schema);

/// The columns to declare for an entity: parts of its keys, and times. A time is a string of ISO
/// 8601, or a number whose attribute is called like a time and that counts seconds, milliseconds or
/// microseconds to a moment from 2000 to 2099; all values of the attribute are such. Other
/// attributes get their columns by themselves.
std::vector<AttributeColumn> suggest_columns(std::span<const SampledItem* const> items,
                                             const Entity& entity, const KeySchema& key_schema);

}  // namespace dynamite
