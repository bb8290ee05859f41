#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "layout/attribute_path.hpp"
#include "where/value.hpp"

namespace dynamite {

/// Attributes that a clause names, each with its place among them.
using AttributePlaces = std::map<std::string, std::size_t, std::less<>>;

struct Literal {
  ValueType type = ValueType::null;
  std::string bytes{};

  Value value() const noexcept { return {.type = type, .bytes = bytes}; }
};

struct ItemPath {
  std::size_t attribute = 0;  ///< the place of the path's first step
  AttributePath path{};

  bool operator==(const ItemPath&) const = default;
};

struct SizeOf {
  ItemPath path{};
};

using Operand = std::variant<Literal, ItemPath, SizeOf>;

enum class Comparator : std::uint8_t { equal, not_equal, less, at_most, greater, at_least };

struct ComparisonTest {
  Operand left{};
  Comparator comparator = Comparator::equal;
  Operand right{};
};

struct Between {
  Operand operand{};
  Operand lower{};
  Operand upper{};
};

struct In {
  Operand operand{};
  std::vector<Operand> list{};
};

struct BeginsWith {
  ItemPath path{};
  Operand prefix{};
};

struct Contains {
  ItemPath path{};
  Operand part{};
};

struct HasType {
  ItemPath path{};
  ValueType type = ValueType::null;
};

struct Exists {
  ItemPath path{};
};

struct Condition;

struct And {
  std::vector<Condition> conditions;
};

struct Or {
  std::vector<Condition> conditions;
};

/// A WHERE clause, taken apart.
struct Condition {
  std::variant<ComparisonTest, Between, In, BeginsWith, Contains, HasType, Exists, And, Or> test{};
  bool negated = false;
};

}  // namespace dynamite
