#pragma once

#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "where/condition.hpp"

namespace dynamite {

/// What an item has for an attribute that a clause names: nothing, the raw value of an image, or
/// the value of a key.
struct ItemAttribute {
  std::optional<std::string_view> raw{};
  std::optional<Value> key{};
};

/// Asks conditions about one item. Its attributes, by their places, outlive it.
class Evaluation {
 public:
  explicit Evaluation(std::span<const ItemAttribute> attributes) : attributes_{attributes} {}

  /// Throws Error{poison} if a value that it looks at is malformed.
  bool holds(const Condition& condition);

 private:
  bool holds(const ComparisonTest& test);
  bool holds(const Between& test);
  bool holds(const In& test);
  bool holds(const BeginsWith& test);
  bool holds(const Contains& test);
  bool holds(const HasType& test);
  bool holds(const Exists& test);
  bool holds(const And& test);
  bool holds(const Or& test);

  std::optional<Value> value_of(const Operand& operand);
  std::optional<Value> value_at(const ItemPath& path);
  std::optional<Value> size_at(const ItemPath& path);

  std::span<const ItemAttribute> attributes_;
  std::list<std::string> kept_;  // what values view that is not in the item as it is
};

}  // namespace dynamite
