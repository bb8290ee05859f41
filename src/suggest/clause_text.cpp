#include "suggest/clause_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/lower_case.hpp"

namespace dynamite {
namespace {

// Keywords of a clause, and names for which DynamoDB asks for quotes.
constexpr auto kQuotedNames = std::to_array<std::string_view>(
    {"and",   "or",    "not",   "in",        "between", "is",    "null",   "missing", "true",
     "false", "value", "order", "group",     "user",    "table", "select", "from",    "where",
     "key",   "date",  "time",  "timestamp", "index",   "size",  "by"});

bool is_plain(std::string_view name) {
  const auto begins = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !begins(name.front())) return false;
  const bool has_plain_letters =
      std::ranges::all_of(name, [&](char c) { return begins(c) || (c >= '0' && c <= '9'); });
  return has_plain_letters &&
         std::ranges::find(kQuotedNames, lower_case(std::string{name})) == kQuotedNames.end();
}

std::string in_quotes_of(char quote, std::string_view text) {
  std::string quoted{quote};
  for (const char c : text) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

std::string join(const std::vector<std::string>& texts, std::string_view between) {
  return fmt::format("{}", fmt::join(texts, between));
}

}  // namespace

std::string clause_name(std::string_view attribute) {
  return is_plain(attribute) ? std::string{attribute} : in_quotes_of('"', attribute);
}

std::string equals(std::string_view attribute, std::string_view value) {
  return fmt::format("{} = {}", clause_name(attribute), in_quotes_of('\'', value));
}

std::vector<std::string> conditions_of(std::string_view attribute, const KeyForm& form) {
  if (form.is_any()) return {};
  if (form.is_constant) return {equals(attribute, form.begin)};
  const std::string name = clause_name(attribute);
  std::vector<std::string> conditions{
      fmt::format("begins_with({}, {})", name, in_quotes_of('\'', form.begin))};
  for (const std::string& label : form.labels)
    conditions.push_back(fmt::format("contains({}, {})", name, in_quotes_of('\'', label)));
  return conditions;
}

std::string all_of(const std::vector<std::string>& conditions) { return join(conditions, " AND "); }

std::string any_of(const std::vector<std::vector<std::string>>& alternatives) {
  std::vector<std::string> texts;
  for (const auto& conditions : alternatives)
    texts.push_back(conditions.size() == 1 ? conditions.front()
                                           : fmt::format("({})", all_of(conditions)));
  return join(texts, " OR ");
}

std::string none_of(const std::vector<std::string>& conditions) {
  if (conditions.size() == 1 && !conditions.front().starts_with("NOT "))
    return "NOT " + conditions.front();
  return fmt::format("NOT ({})", all_of(conditions));
}

}  // namespace dynamite
