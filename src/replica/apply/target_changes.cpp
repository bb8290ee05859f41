#include "replica/apply/target_changes.hpp"

#include <algorithm>

namespace dynamite {

std::vector<std::string_view> keys_of(const TargetChanges& rows, const TargetChanges& history) {
  std::vector<std::string_view> keys;
  for (const TargetChanges* changes : {&rows, &history})
    for (const std::span<const Change> of_target : *changes)
      for (const Change& change : of_target) keys.push_back(change.key);
  std::ranges::sort(keys);
  const auto repeated = std::ranges::unique(keys);
  keys.erase(repeated.begin(), repeated.end());
  return keys;
}

TargetChanges within(const TargetChanges& changes, std::span<const std::string_view> keys) {
  TargetChanges part;
  for (const std::span<const Change> of_target : changes) {
    const auto begin = std::ranges::lower_bound(of_target, keys.front(), {}, &Change::key);
    const auto end = std::ranges::upper_bound(of_target, keys.back(), {}, &Change::key);
    part.emplace_back(begin, end);
  }
  return part;
}

}  // namespace dynamite
