#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/change/target_change.hpp"

namespace dynamite {

/// What becomes of targets that are not configured any more.
enum class UnnamedTargets : std::uint8_t { keep, drop };

/// The target of `targets` with that schema and table; null: there is none.
const Target* find_target(std::span<const Target> targets, const Target& wanted);

/// Those of `wanted`'s targets that the registered replica `known` does not have.
std::vector<Target> added_targets(const Replica& known, const Replica& wanted);

/// Those of the registered replica's targets that `wanted` does not have.
std::vector<Target> unnamed_targets(const Replica& known, const Replica& wanted);

/// How the registered replica gets these targets: their tables are made, and `roles` may read them.
/// Throws Error{usage} as Planner::plan_target and require_same_keys do.
std::vector<TargetChange> plan_added_targets(pg::Connection& connection, const Replica& known,
                                             std::span<const Target> added,
                                             const std::vector<std::string>& roles);

/// How the registered replica lets these targets go. Their tables stay.
std::vector<TargetChange> plan_released_targets(pg::Connection& connection, const Replica& known,
                                                std::span<const Target> released);

}  // namespace dynamite
