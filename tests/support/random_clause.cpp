#include "support/random_clause.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "json/text.hpp"

namespace dynamite::test {
namespace {

using namespace std::string_view_literals;

constexpr std::array kAttributes{"a"sv, "b"sv, "c"sv, "d.e"sv};
constexpr std::array kMembers{"k"sv, "l m"sv};

constexpr std::array kNumbers{
    "0"sv,
    "1"sv,
    "1.0"sv,
    "-1"sv,
    "2"sv,
    "10"sv,
    "1e1"sv,
    "0.5"sv,
    "3"sv,
    "-0.50"sv,
    "9007199254740993"sv,
    "9007199254740992"sv,
    "12345678901234567890123456789012345678"sv,
    "12345678901234567890123456789012345679"sv,
    "1E-130"sv,
    "-9.99e125"sv,
};

constexpr std::array kTexts{
    "a"sv,    "ab"sv,           "abc"sv,        "b"sv, ""sv,          "it's"sv,
    "1"sv,    "\xC3\xA9"sv,     "a\xC3\xA9z"sv, "A"sv, "say \"x\""sv, "\xF0\x9F\x98\x80"sv,
    "a\nb"sv, "\xEF\xBF\xBF"sv, "e\xCC\x81"sv,  "k"sv, "\\"sv,        "\x01"sv,
};

constexpr std::array kBinaries{""sv, "YQ=="sv, "YWI="sv, "/wA="sv, "/w=="sv};

constexpr std::array kTypes{"S"sv, "N"sv, "B"sv,  "BOOL"sv, "NULL"sv,
                            "L"sv, "M"sv, "SS"sv, "NS"sv,   "BS"sv};

std::string in_single_quotes(std::string_view text) {
  std::string quoted{'\''};
  for (const char c : text) {
    if (c == '\'') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

std::string partition_key(std::uint64_t number) {
  constexpr std::array kPrefixes{"ORDER#"sv, "CUST#"sv, "\xC3\xA9"sv, "it's "sv};
  return fmt::format("{}{}", kPrefixes[number % kPrefixes.size()], number % 7);
}

std::string sort_key(std::uint64_t number) { return fmt::format("{}.5", number / 7); }

}  // namespace

std::string RandomClauses::item(std::uint64_t number) {
  std::string item = fmt::format(R"({{"pk":{{"S":{}}},"sk":{{"N":"{}"}})",
                                 json_string(partition_key(number)), number);
  for (const std::string_view attribute : kAttributes)
    if (!one_in(4)) item += fmt::format(",\"{}\":{}", attribute, value(2).json);
  return item + '}';
}

std::string RandomClauses::condition(int depth, Test test) {
  if (depth == 0 || one_in(3)) return (this->*test)();
  switch (below(5)) {
    case 0:
      return "NOT " + condition(depth - 1, test);
    case 1:
      return fmt::format("NOT ({})", condition(depth - 1, test));
    case 2:
      return fmt::format("({})", condition(depth - 1, test));
    case 3:
      return fmt::format("{} AND {}", condition(depth - 1, test), condition(depth - 1, test));
    default:
      return fmt::format("{} OR {}", condition(depth - 1, test), condition(depth - 1, test));
  }
}

std::string RandomClauses::test() {
  switch (below(8)) {
    case 0:
    case 1:
    case 2:
      return comparison();
    case 3:
      return between(operand());
    case 4:
      return in(operand());
    case 5: {
      constexpr std::array kEnds{"IS NULL"sv, "is not null"sv, "IS MISSING"sv, "IS NOT MISSING"sv};
      return fmt::format("{} {}", path(), pick(kEnds));
    }
    default:
      return function();
  }
}

std::string RandomClauses::comparison() {
  constexpr std::array kComparators{"="sv, "="sv, "<>"sv, "!="sv, "<"sv, "<="sv, ">"sv, ">="sv};
  const std::string left = operand();
  return fmt::format("{} {} {}", left, pick(kComparators), operand());
}

std::string RandomClauses::between(const std::string& operand_) {
  return fmt::format("{} {}BETWEEN {} AND {}", operand_, one_in(3) ? "NOT " : "", operand(),
                     operand());
}

std::string RandomClauses::in(const std::string& operand_) {
  std::string list = operand();
  while (!one_in(3)) list += ", " + operand();
  constexpr std::array kNots{""sv, "NOT "sv};
  return fmt::format("{} {}IN {}", operand_, pick(kNots),
                     one_in(2) ? fmt::format("[{}]", list) : fmt::format("({})", list));
}

std::string RandomClauses::function() {
  switch (below(5)) {
    case 0:
      return fmt::format("begins_with({}, {})", path(), operand());
    case 1:
    case 2:
      return fmt::format("contains({}, {})", path(), operand());
    case 3:
      return fmt::format("attribute_type({}, '{}')", path(), pick(kTypes));
    default:
      return fmt::format("attribute_{}exists({})", one_in(2) ? "not_" : "", path());
  }
}

std::string RandomClauses::operand() {
  switch (below(6)) {
    case 0:
    case 1:
      return path();
    case 2:
      return fmt::format("size({})", path());
    default:
      return literal();
  }
}

std::string RandomClauses::path() {
  std::string path = fmt::format("\"{}\"", pick(kAttributes));
  if (path.size() == 3 && !one_in(4)) path = path.substr(1, 1);
  while (one_in(3)) {
    if (one_in(2))
      path += fmt::format("[{}]", below(3));
    else
      path += fmt::format(".\"{}\"", pick(kMembers));
  }
  return path;
}

std::string RandomClauses::literal() {
  for (;;)
    if (Sample sample = value(1); !sample.literal.empty()) return sample.literal;
}

std::string RandomClauses::key_test() { return one_in(3) ? sort_test() : partition_test(); }

std::string RandomClauses::partition_test() {
  const auto key = [&] { return in_single_quotes(partition_key(below(50))); };
  constexpr std::array kPrefixes{"ORDER#"sv, "CUST#1"sv, "C"sv, "\xC3\xA9"sv, "x"sv};
  switch (below(6)) {
    case 0:
      return fmt::format("pk = {}", key());
    case 1:
      return fmt::format("pk {} {}", pick(std::array{"<"sv, ">="sv, "<>"sv}), key());
    case 2:
      return fmt::format("pk IN [{}, {}]", key(), key());
    case 3:
      return fmt::format("contains(pk, {})", in_single_quotes(pick(std::array{"#"sv, "5"sv})));
    case 4:
      return fmt::format("size(pk) {} {}", pick(std::array{"="sv, "<"sv}), below(9));
    default:
      return fmt::format("begins_with(pk, {})", in_single_quotes(pick(kPrefixes)));
  }
}

std::string RandomClauses::sort_test() {
  const std::uint64_t lower = below(150);
  switch (below(3)) {
    case 0:
      return fmt::format("sk BETWEEN {} AND {}", lower, sort_key(7 * (lower + below(40))));
    case 1:
      return fmt::format("sk IN ({}, {}.0, {})", lower, below(200), sort_key(lower));
    default:
      return fmt::format("sk {} {}", pick(std::array{"<"sv, ">="sv, "<>"sv, "="sv}), lower);
  }
}

RandomClauses::Sample RandomClauses::value(int depth) {
  constexpr std::size_t kScalars = 6;
  switch (below(depth > 0 ? kScalars + 3 : kScalars)) {
    case kScalars:
      return list(depth - 1);
    case kScalars + 1:
      return map(depth - 1);
    case kScalars + 2:
      return set();
    default:
      return scalar();
  }
}

RandomClauses::Sample RandomClauses::scalar() {
  switch (below(9)) {
    case 0:
      return {.json = fmt::format(R"({{"B":"{}"}})", pick(kBinaries)), .literal = {}};
    case 1:
      return {.json = R"({"NULL":true})", .literal = "NULL"};
    case 2: {
      const bool flag = one_in(2);
      return {.json = fmt::format(R"({{"BOOL":{}}})", flag), .literal = fmt::format("{}", flag)};
    }
    case 3:
    case 4:
    case 5: {
      const std::string_view number = pick(kNumbers);
      return {.json = fmt::format(R"({{"N":"{}"}})", number), .literal = std::string{number}};
    }
    default: {
      const std::string_view text = pick(kTexts);
      return {.json = fmt::format(R"({{"S":{}}})", json_string(text)),
              .literal = in_single_quotes(text)};
    }
  }
}

RandomClauses::Sample RandomClauses::list(int depth) {
  Sample list;
  const std::size_t size = below(4);
  bool is_literal = true;
  for (std::size_t i = 0; i < size; ++i) {
    const Sample element = value(depth);
    is_literal = is_literal && !element.literal.empty();
    list.json += (i == 0 ? "" : ",") + element.json;
    list.literal += (i == 0 ? "" : ", ") + element.literal;
  }
  list.json = fmt::format(R"({{"L":[{}]}})", list.json);
  list.literal = is_literal ? fmt::format("[{}]", list.literal) : "";
  return list;
}

RandomClauses::Sample RandomClauses::map(int depth) {
  Sample map;
  bool is_literal = true;
  for (const std::string_view name : kMembers) {
    if (one_in(3)) continue;
    const Sample member = value(depth);
    is_literal = is_literal && !member.literal.empty();
    map.json += fmt::format("{}\"{}\":{}", map.json.empty() ? "" : ",", name, member.json);
    map.literal += fmt::format("{}'{}': {}", map.literal.empty() ? "" : ", ", name, member.literal);
  }
  map.json = fmt::format(R"({{"M":{{{}}}}})", map.json);
  map.literal = is_literal ? fmt::format("{{{}}}", map.literal) : "";
  return map;
}

RandomClauses::Sample RandomClauses::set() {
  constexpr std::array kSets{
      std::array{R"({"SS":["a","ab"]})"sv, "<<'a', 'ab'>>"sv},
      std::array{R"({"SS":["ab","a"]})"sv, "<<'ab', 'a'>>"sv},
      std::array{R"({"SS":["k"]})"sv, "<<'k'>>"sv},
      std::array{R"({"NS":["1","2"]})"sv, "<<1, 2>>"sv},
      std::array{R"({"NS":["2.0","1"]})"sv, "<<2.0, 1e0>>"sv},
      std::array{R"({"NS":["-1","10","3"]})"sv, "<<3, -1, 10>>"sv},
      std::array{R"({"BS":["YQ==","/w=="]})"sv, ""sv},
      std::array{R"({"BS":["/w==","YQ=="]})"sv, ""sv},
  };
  const auto& [json, literal] = kSets[below(kSets.size())];
  return {.json = std::string{json}, .literal = std::string{literal}};
}

}  // namespace dynamite::test
