#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/batch.hpp"

namespace dynamite {

/// The changes of each target of a replica, sorted by key: those of its rows, one a key, or those
/// of its history. They outlive it.
using TargetChanges = std::vector<std::span<const Change>>;

/// The keys that a change of some target's rows or history has, sorted.
std::vector<std::string_view> keys_of(const TargetChanges& rows, const TargetChanges& history);

/// The changes of the keys from the first to the last of `keys`, which must not be empty.
TargetChanges within(const TargetChanges& changes, std::span<const std::string_view> keys);

}  // namespace dynamite
