#include "replica/apply/noted_attributes.hpp"

#include <algorithm>
#include <iterator>

namespace dynamite {

std::vector<AttributeNote> NotedAttributes::unknown(std::span<const AttributeNote> notes) const {
  std::vector<AttributeNote> unknown;
  if (known_.size() >= kMax) return unknown;
  std::ranges::copy_if(notes, std::back_inserter(unknown),
                       [&](const AttributeNote& note) { return !known_.contains(note); });
  return unknown;
}

}  // namespace dynamite
