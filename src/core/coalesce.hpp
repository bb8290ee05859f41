#pragma once

#include <span>
#include <vector>

#include "core/batch.hpp"

namespace dynamite {

/// The newest change of each key, sorted by key. Of equal versions the later in `changes` wins.
/// All changes must be of one table. The others are added to `superseded`, if that is given.
std::vector<Change> coalesce(std::span<const Change> changes,
                             std::vector<Change>* superseded = nullptr);

}  // namespace dynamite
