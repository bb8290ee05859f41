#include "where/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "layout/path_text.hpp"
#include "where/cursor.hpp"
#include "where/literal.hpp"

namespace dynamite {
namespace {

using Kind = Token::Kind;

constexpr std::array<std::string_view, 10> kKeywords{"AND", "OR",   "NOT",     "IN",   "BETWEEN",
                                                     "IS",  "NULL", "MISSING", "TRUE", "FALSE"};

constexpr std::array kComparators{
    std::pair{"=", Comparator::equal},      std::pair{"<>", Comparator::not_equal},
    std::pair{"!=", Comparator::not_equal}, std::pair{"<", Comparator::less},
    std::pair{"<=", Comparator::at_most},   std::pair{">", Comparator::greater},
    std::pair{">=", Comparator::at_least}};

constexpr std::string_view kFunctions{
    "begins_with, contains, attribute_type, attribute_exists, attribute_not_exists or size"};

constexpr std::string_view kQuoteNames{
    "put an attribute's name that is a keyword, or more than letters, digits and _, in double "
    "quotes"};

bool is_keyword(const Token& token) noexcept {
  return std::ranges::any_of(kKeywords, [&](std::string_view word) { return token.is_word(word); });
}

bool begins_path(const Token& token) noexcept {
  return token.kind == Kind::quoted_name || (token.kind == Kind::name && !is_keyword(token));
}

bool is_equality(Comparator comparator) noexcept {
  return comparator == Comparator::equal || comparator == Comparator::not_equal;
}

bool has_order(const Operand& operand) noexcept {
  const auto* literal = std::get_if<Literal>(&operand);
  return literal == nullptr || order_of(literal->value(), literal->value()).has_value();
}

bool is_same_path(const Operand& a, const Operand& b) {
  const auto* path_a = std::get_if<ItemPath>(&a);
  const auto* path_b = std::get_if<ItemPath>(&b);
  return path_a != nullptr && path_b != nullptr && *path_a == *path_b;
}

class Parser {
 public:
  Parser(std::string_view clause, AttributePlaces& places) : cursor_{clause}, places_{places} {}

  ParsedClause parse() {
    Condition condition = any();
    if (cursor_.peek().kind != Kind::end) cursor_.fail_wanted("AND, OR or the end");
    return {.condition = std::move(condition), .attributes = std::move(attributes_)};
  }

 private:
  /// Conditions with OR between them; one alone is itself.
  Condition any() {
    Condition first = all();
    if (!cursor_.peek().is_word("OR")) return first;
    Or conditions;
    conditions.conditions.push_back(std::move(first));
    while (cursor_.take_word("OR")) conditions.conditions.push_back(all());
    return {.test = std::move(conditions)};
  }

  Condition all() {
    Condition first = one();
    if (!cursor_.peek().is_word("AND")) return first;
    And conditions;
    conditions.conditions.push_back(std::move(first));
    while (cursor_.take_word("AND")) conditions.conditions.push_back(one());
    return {.test = std::move(conditions)};
  }

  Condition one() {
    const Cursor::Level level{cursor_};
    if (cursor_.take_word("NOT")) {
      Condition condition = one();
      condition.negated = !condition.negated;
      return condition;
    }
    if (cursor_.take_symbol("(")) {
      Condition condition = any();
      cursor_.expect_symbol(")");
      return condition;
    }
    if (auto function = take_function()) return std::move(*function);
    const Token& first = cursor_.peek();
    return about(operand(), first);
  }

  /// A function that is a condition; absent if the next token is none.
  std::optional<Condition> take_function() {
    const Token& name = cursor_.peek();
    if (!is_function(name) || name.is_word("SIZE")) return {};
    cursor_.take();
    cursor_.take();
    Condition condition = function(name);
    cursor_.expect_symbol(")");
    return condition;
  }

  bool is_function(const Token& name) const {
    return begins_path(name) && name.kind == Kind::name && cursor_.peek_second().is_symbol("(");
  }

  Condition function(const Token& name) {
    if (name.is_word("BEGINS_WITH")) return begins_with();
    if (name.is_word("CONTAINS")) return contains();
    if (name.is_word("ATTRIBUTE_TYPE")) return attribute_type();
    if (name.is_word("ATTRIBUTE_EXISTS")) return {.test = Exists{path()}};
    if (name.is_word("ATTRIBUTE_NOT_EXISTS")) return {.test = Exists{path()}, .negated = true};
    cursor_.fail(name, fmt::format("there is no function {}, wanted {}", name.text, kFunctions));
  }

  Condition begins_with() {
    BeginsWith test{.path = path()};
    cursor_.expect_symbol(",");
    const Token& token = cursor_.peek();
    test.prefix = operand();
    const auto* literal = std::get_if<Literal>(&test.prefix);
    const bool is_number = std::holds_alternative<SizeOf>(test.prefix);
    if (is_number || (literal != nullptr && literal->type != ValueType::S))
      cursor_.fail(token, "begins_with wants a string or an attribute here");
    expect_distinct(token, test.path, test.prefix);
    return {.test = std::move(test)};
  }

  Condition contains() {
    Contains test{.path = path()};
    cursor_.expect_symbol(",");
    const Token& token = cursor_.peek();
    test.part = operand();
    expect_distinct(token, test.path, test.part);
    return {.test = std::move(test)};
  }

  Condition attribute_type() {
    HasType test{.path = path()};
    cursor_.expect_symbol(",");
    const Token& token = cursor_.peek();
    const auto type =
        token.kind == Kind::string ? value_type_named(token.unquoted()) : std::nullopt;
    if (!type) cursor_.fail_wanted("'S', 'N', 'B', 'BOOL', 'NULL', 'L', 'M', 'SS', 'NS' or 'BS'");
    cursor_.take();
    test.type = *type;
    return {.test = std::move(test)};
  }

  /// What is said of `operand`, which begins with `first` and is taken.
  Condition about(Operand operand, const Token& first) {
    const Token& next = cursor_.peek();
    if (next.kind == Kind::symbol) return comparison(std::move(operand), first);
    if (cursor_.take_word("IS")) return is(std::move(operand));
    const bool negated = cursor_.take_word("NOT");
    Condition condition;
    if (cursor_.take_word("BETWEEN"))
      condition = between(std::move(operand), first);
    else if (cursor_.take_word("IN"))
      condition = in(std::move(operand));
    else
      fail_no_comparison();
    condition.negated = negated;
    return condition;
  }

  [[noreturn]] void fail_no_comparison() const {
    cursor_.fail_wanted("=, <>, <, <=, >, >=, BETWEEN, IN or IS", kQuoteNames);
  }

  Condition comparison(Operand left, const Token& first) {
    ComparisonTest test{.left = std::move(left), .comparator = comparator()};
    const Token& token = cursor_.peek();
    test.right = operand();
    if (!is_equality(test.comparator)) {
      expect_order(first, test.left);
      expect_order(token, test.right);
    }
    expect_distinct(token, test.left, test.right);
    return {.test = std::move(test)};
  }

  Comparator comparator() {
    for (const auto& [symbol, comparator] : kComparators)
      if (cursor_.take_symbol(symbol)) return comparator;
    fail_no_comparison();
  }

  Condition is(Operand operand) {
    auto* path = std::get_if<ItemPath>(&operand);
    if (path == nullptr) cursor_.fail_wanted("an attribute before IS");
    const bool negated = cursor_.take_word("NOT");
    if (cursor_.take_word("NULL"))
      return {.test = HasType{.path = std::move(*path), .type = ValueType::null},
              .negated = negated};
    if (cursor_.take_word("MISSING"))
      return {.test = Exists{std::move(*path)}, .negated = !negated};
    cursor_.fail_wanted("NULL or MISSING", "ask for a type by attribute_type(path, 'S')");
  }

  Condition between(Operand operand_, const Token& first) {
    expect_order(first, operand_);
    Between test{.operand = std::move(operand_)};
    const Token& lower = cursor_.peek();
    test.lower = bound(test.operand);
    if (!cursor_.take_word("AND")) cursor_.fail_wanted("AND and the upper bound");
    test.upper = bound(test.operand);
    const auto* low = std::get_if<Literal>(&test.lower);
    const auto* high = std::get_if<Literal>(&test.upper);
    if (low != nullptr && high != nullptr) {
      const auto order = order_of(low->value(), high->value());
      if (!order) cursor_.fail(lower, "the bounds of BETWEEN are of different types");
      if (*order > 0) cursor_.fail(lower, "the lower bound of BETWEEN is above the upper one");
    }
    return {.test = std::move(test)};
  }

  Operand bound(const Operand& bounded) {
    const Token& token = cursor_.peek();
    Operand taken = operand();
    expect_order(token, taken);
    expect_distinct(token, bounded, taken);
    return taken;
  }

  Condition in(Operand operand_) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kBrackets{
        {{"[", "]"}, {"(", ")"}, {"<<", ">>"}}};
    In test{.operand = std::move(operand_)};
    for (const auto& [open, close] : kBrackets) {
      if (!cursor_.take_symbol(open)) continue;
      do {
        const Token& token = cursor_.peek();
        test.list.push_back(operand());
        expect_distinct(token, test.operand, test.list.back());
      } while (cursor_.take_symbol(","));
      cursor_.expect_symbol(close);
      return {.test = std::move(test)};
    }
    cursor_.fail_wanted("[ and the values");
  }

  void expect_order(const Token& token, const Operand& operand) const {
    if (!has_order(operand))
      cursor_.fail(token, "only strings and numbers, and what attributes hold, have an order");
  }

  void expect_distinct(const Token& token, const Operand& a, const Operand& b) const {
    if (is_same_path(a, b)) cursor_.fail(token, "an attribute is compared with itself");
  }

  Operand operand() {
    if (begins_literal(cursor_)) return take_literal(cursor_);
    if (!begins_path(cursor_.peek()))
      cursor_.fail_wanted("a value, an attribute or size(path)",
                          cursor_.peek().kind == Kind::name ? kQuoteNames : "");
    if (!is_function(cursor_.peek())) return path();
    const Token& name = cursor_.take();
    if (!name.is_word("SIZE")) cursor_.fail(name, fmt::format("{} is no value", name.text));
    cursor_.take();
    SizeOf size{path()};
    cursor_.expect_symbol(")");
    return size;
  }

  /// `address.lines[0]`
  ItemPath path() {
    ItemPath taken;
    std::string attribute = name();
    taken.path = AttributePath::of(attribute);
    while (cursor_.peek().is_symbol(".") || cursor_.peek().is_symbol("[")) {
      if (cursor_.take_symbol("."))
        taken.path.steps.push_back({.name = name()});
      else
        taken.path.steps.push_back({.index = place()});
    }
    taken.attribute = places_.try_emplace(std::move(attribute), places_.size()).first->second;
    attributes_.insert(taken.attribute);
    return taken;
  }

  std::string name() {
    const Token& token = cursor_.peek();
    if (!begins_path(token))
      cursor_.fail_wanted("an attribute's name", token.kind == Kind::name ? kQuoteNames : "");
    cursor_.take();
    std::string name = token.kind == Kind::name ? std::string{token.text} : token.unquoted();
    if (name.empty()) cursor_.fail(token, "a name is never empty");
    return name;
  }

  /// `[0]`
  std::size_t place() {
    cursor_.expect_symbol("[");
    const Token& token = cursor_.peek();
    const auto place = token.kind == Kind::number ? parse_place(token.text) : std::nullopt;
    if (!place) cursor_.fail_wanted("a place in a list, from 0");
    cursor_.take();
    cursor_.expect_symbol("]");
    return *place;
  }

  Cursor cursor_;
  AttributePlaces& places_;
  std::set<std::size_t> attributes_;
};

}  // namespace

ParsedClause parse_clause(std::string_view clause, AttributePlaces& places) {
  return Parser{clause, places}.parse();
}

}  // namespace dynamite
