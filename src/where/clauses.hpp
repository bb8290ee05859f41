#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "core/key.hpp"
#include "core/key_schema.hpp"
#include "where/condition.hpp"
#include "where/evaluation.hpp"

namespace dynamite {

/// What one item has for the attributes that some clauses name, each at its place.
using ItemAttributes = std::vector<ItemAttribute>;

/// Clauses about the items of one source (Clause says what they mean). An image is read once for
/// all of them.
class Clauses {
 public:
  /// Adds a clause, whose number is how many there were. Throws Error{usage} as Clause::parse does.
  void add(std::string_view text);

  std::size_t size() const noexcept { return clauses_.size(); }

  /// Whether clause `number` names key attributes only.
  bool is_decided_by_keys(std::size_t number, const KeySchema& key_schema) const;

  /// Finds the attributes in an image, which outlives `into`. Throws Error{poison} if the image is
  /// no JSON, or has an attribute that a clause names twice.
  void read(std::string_view image, ItemAttributes& into) const;

  /// Finds the attributes in a key, which outlives `into`.
  void read_key(const KeyParts& key, const KeySchema& key_schema, ItemAttributes& into) const;

  /// Whether clause `number` takes the item. Throws Error{poison} if a value is malformed.
  bool holds(std::size_t number, const ItemAttributes& item) const;

 private:
  struct Parsed {
    Condition condition;
    std::set<std::size_t> attributes;
  };

  std::optional<std::size_t> place_of(std::string_view token, bool has_escapes) const;

  AttributePlaces places_;
  std::vector<Parsed> clauses_;
};

}  // namespace dynamite
