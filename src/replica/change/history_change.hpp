#pragma once

#include "mapping/mapping.hpp"
#include "replica/change/target_change.hpp"

namespace dynamite {

/// Adds to `change` what becomes of the target's history under the new rules.
///
/// A history that is switched off stays as it is: what it says of the past is true all the same.
/// One that is switched on lacks older records: one of them, repeated, would be the newest there.
void plan_history(const Target& target, const MappingRules& rules, TargetChange& change);

}  // namespace dynamite
