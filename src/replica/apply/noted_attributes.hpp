#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <vector>

#include "layout/attribute_note.hpp"

namespace dynamite {

/// What an applier has noted of one target in the state schema: each attribute once.
class NotedAttributes {
 public:
  /// Those of `notes` that are to be noted. None any more once very many are: an item's names may
  /// be data.
  std::vector<AttributeNote> unknown(std::span<const AttributeNote> notes) const;

  /// They are committed.
  void add(const std::vector<AttributeNote>& notes) { known_.insert(notes.begin(), notes.end()); }

 private:
  static constexpr std::size_t kMax = 10'000;

  std::set<AttributeNote> known_;
};

}  // namespace dynamite
