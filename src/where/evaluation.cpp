#include "where/evaluation.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>

#include "core/error.hpp"
#include "core/number.hpp"
#include "layout/find_value.hpp"

namespace dynamite {
namespace {

bool is_equal(const std::optional<Value>& a, const std::optional<Value>& b) {
  return a && b && are_equal(*a, *b);
}

/// Whether both are there and `a` is at most `b`.
bool is_at_most(const std::optional<Value>& a, const std::optional<Value>& b) {
  if (!a || !b) return false;
  const auto order = order_of(*a, *b);
  return order && *order <= 0;
}

bool is_less(const std::optional<Value>& a, const std::optional<Value>& b) {
  if (!a || !b) return false;
  const auto order = order_of(*a, *b);
  return order && *order < 0;
}

}  // namespace

bool Evaluation::holds(const Condition& condition) {
  return std::visit([&](const auto& test) { return this->holds(test); }, condition.test) !=
         condition.negated;
}

bool Evaluation::holds(const ComparisonTest& test) {
  const auto left = value_of(test.left);
  const auto right = value_of(test.right);
  switch (test.comparator) {
    case Comparator::equal:
      return is_equal(left, right);
    case Comparator::not_equal:
      return !is_equal(left, right);
    case Comparator::less:
      return is_less(left, right);
    case Comparator::at_most:
      return is_at_most(left, right);
    case Comparator::greater:
      return is_less(right, left);
    case Comparator::at_least:
      return is_at_most(right, left);
  }
  throw Error{Error::Kind::bug, "comparison has no comparator"};
}

bool Evaluation::holds(const Between& test) {
  const auto value = value_of(test.operand);
  return is_at_most(value_of(test.lower), value) && is_at_most(value, value_of(test.upper));
}

bool Evaluation::holds(const In& test) {
  const auto value = value_of(test.operand);
  return std::ranges::any_of(test.list,
                             [&](const Operand& each) { return is_equal(value, value_of(each)); });
}

bool Evaluation::holds(const BeginsWith& test) {
  const auto value = value_at(test.path);
  const auto prefix = value_of(test.prefix);
  return value && prefix && begins_with_value(*value, *prefix);
}

bool Evaluation::holds(const Contains& test) {
  const auto whole = value_at(test.path);
  const auto part = value_of(test.part);
  return whole && part && contains_value(*whole, *part);
}

bool Evaluation::holds(const HasType& test) {
  const auto value = value_at(test.path);
  return value && value->type == test.type;
}

bool Evaluation::holds(const Exists& test) { return value_at(test.path).has_value(); }

bool Evaluation::holds(const And& test) {
  return std::ranges::all_of(test.conditions,
                             [&](const Condition& condition) { return holds(condition); });
}

bool Evaluation::holds(const Or& test) {
  return std::ranges::any_of(test.conditions,
                             [&](const Condition& condition) { return holds(condition); });
}

std::optional<Value> Evaluation::value_of(const Operand& operand) {
  if (const auto* path = std::get_if<ItemPath>(&operand)) return value_at(*path);
  if (const auto* size = std::get_if<SizeOf>(&operand)) return size_at(size->path);
  return std::get<Literal>(operand).value();
}

std::optional<Value> Evaluation::value_at(const ItemPath& path) {
  const ItemAttribute& attribute = attributes_[path.attribute];
  if (attribute.key) return path.path.is_attribute() ? attribute.key : std::nullopt;
  if (!attribute.raw) return {};
  const auto raw = find_value(*attribute.raw, path.path);
  if (!raw) return {};
  return read_value(*raw, kept_);
}

std::optional<Value> Evaluation::size_at(const ItemPath& path) {
  const auto value = value_at(path);
  const auto size = value ? size_of(*value) : std::nullopt;
  if (!size) return {};
  std::string& number = kept_.emplace_back();
  append_canonical_number(number, std::to_string(*size));
  return Value{.type = ValueType::N, .bytes = number};
}

}  // namespace dynamite
