#pragma once

#include <optional>
#include <span>
#include <string>

#include "suggest/sampled_item.hpp"

namespace dynamite {

/// The attribute that names each item's entity: one called like `type`, `entity`, `_et`,
/// `__typename` or `__edb_e__`, which most items have, with a few different values. Where the name
/// may mean something else, as `type` does, the items of two values must also differ in what
/// attributes they have.
std::optional<std::string> find_entity_attribute(std::span<const SampledItem> items);

}  // namespace dynamite
