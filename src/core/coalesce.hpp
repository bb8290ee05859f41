#pragma once

#include <span>
#include <vector>

#include "core/batch.hpp"

namespace dynamite {

/// The newest change of each key, sorted by key. Of equal versions the later in `changes` wins.
/// All changes must be of one table.
std::vector<Change> coalesce(std::span<const Change> changes);

}  // namespace dynamite
