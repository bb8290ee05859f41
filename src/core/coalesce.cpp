#include "core/coalesce.hpp"

#include <algorithm>

namespace dynamite {

std::vector<Change> coalesce(std::span<const Change> changes, std::vector<Change>* superseded) {
  std::vector<const Change*> sorted;
  sorted.reserve(changes.size());
  for (const Change& change : changes) sorted.push_back(&change);
  std::ranges::sort(sorted, [](const Change* a, const Change* b) {
    const auto keys = a->key <=> b->key;
    if (keys != 0) return keys < 0;
    return a->version != b->version ? a->version < b->version : a < b;
  });
  std::vector<Change> newest;
  newest.reserve(sorted.size());
  for (const Change* const change : sorted) {
    if (newest.empty() || newest.back().key != change->key) {
      newest.push_back(*change);
      continue;
    }
    if (superseded != nullptr) superseded->push_back(newest.back());
    newest.back() = *change;
  }
  return newest;
}

}  // namespace dynamite
