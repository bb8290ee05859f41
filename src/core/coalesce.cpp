#include "core/coalesce.hpp"

#include <algorithm>

namespace dynamite {

std::vector<Change> coalesce(std::span<const Change> changes) {
  std::vector<Change> sorted{changes.begin(), changes.end()};
  std::ranges::stable_sort(sorted, [](const Change& a, const Change& b) {
    const auto keys = a.key <=> b.key;
    return keys != 0 ? keys < 0 : a.version < b.version;
  });
  std::vector<Change> newest;
  newest.reserve(sorted.size());
  for (const Change& change : sorted) {
    if (!newest.empty() && newest.back().key == change.key)
      newest.back() = change;
    else
      newest.push_back(change);
  }
  return newest;
}

}  // namespace dynamite
