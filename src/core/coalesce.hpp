#pragma once

#include <span>
#include <vector>

#include "core/batch.hpp"

namespace dynamite {

/// The newest change of each key, sorted by key. Of equal versions the later in `changes` wins.
/// All changes must be of one table. The older changes of a key are added to `superseded`, unless
/// it is null.
std::vector<Change> coalesce(std::span<const Change> changes,
                             std::vector<Change>* superseded = nullptr);

}  // namespace dynamite
