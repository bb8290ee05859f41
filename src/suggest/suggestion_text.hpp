#pragma once

#include <string>

#include "suggest/suggestion.hpp"

namespace dynamite {

/// The section of the configuration, in TOML: `[[table]]`, and a `[[table.target]]` for each
/// target. Comments say how many sampled items each takes, what its other attributes are, and which
/// of them have several types.
std::string to_toml(const Suggestion& suggestion);

}  // namespace dynamite
