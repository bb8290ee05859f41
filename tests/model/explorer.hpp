#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/protocol_model.hpp"

namespace dynamite::model {

struct Exploration {
  std::size_t states = 0;   ///< that were reached, each once
  std::size_t at_rest = 0;  ///< … of which so many are at rest
  std::vector<std::string>
      violation;  ///< the shortest way to a state at rest that is wrong; or none
};

/// All interleavings of a case, breadth first, up to the first violation of the promise: at rest
/// the row is the source's item if the target's clause takes it, and else there is none.
Exploration explore(const Rules& rules, const Bounds& bounds);

/// The shortest way to a violation in any of the cases; or none. All cases are explored at the same
/// time, none of them much further than this way is long.
std::vector<std::string> shortest_violation(const Rules& rules, const std::vector<Bounds>& cases);

}  // namespace dynamite::model
