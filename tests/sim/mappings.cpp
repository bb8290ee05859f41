#include "sim/mappings.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "support/natural_json.hpp"
#include "support/rebuilt_item.hpp"
#include "where/clause.hpp"

namespace dynamite::sim {
namespace {

// Keys are what RandomItems::key makes. There is no literal of a binary.
constexpr std::array<std::string_view, 5> kOfStringKey{
    "{} < 'a'", "begins_with({}, 'a|b')", "contains({}, '1')", "size({}) < 4", "NOT {} > 'O'"};
constexpr std::array<std::string_view, 4> kOfNumberKey{"{} < 0", "{} > 2", "{} BETWEEN -5 AND 5",
                                                       "NOT {} IN [0, -1, 3e-30]"};

constexpr std::array<std::string_view, 6> kOfAttributes{"kind = 'x'",
                                                        "kind <> 'x'",
                                                        "kind IN ['x', 'y']",
                                                        "attribute_exists(\"kind\")",
                                                        "kind IS MISSING OR kind > 'y'",
                                                        "attribute_type(name, 'S')"};

std::string pick(std::span<const std::string_view> list, std::mt19937_64& random) {
  return std::string{list[random() % list.size()]};
}

std::string clause_of(const KeyAttribute& key, std::mt19937_64& random) {
  const std::string text =
      key.type == KeyType::S ? pick(kOfStringKey, random) : pick(kOfNumberKey, random);
  return fmt::format(fmt::runtime(text), key.name);
}

/// Empty: no key attribute has literals.
std::string key_clause(const KeySchema& keys, std::mt19937_64& random) {
  if (keys.sort && keys.sort->type != KeyType::B) return clause_of(*keys.sort, random);
  return keys.partition.type == KeyType::B ? "" : clause_of(keys.partition, random);
}

}  // namespace

std::string with_kind(std::string item, std::mt19937_64& random) {
  constexpr std::array<std::string_view, 4> kKinds{"", "x", "y", "z"};
  const std::string kind = pick(kKinds, random);
  if (kind.empty()) return item;
  item.pop_back();
  return fmt::format(R"({},"kind":{{"S":"{}"}}}})", item, kind);
}

std::string random_clause(const KeySchema& key_schema, std::mt19937_64& random) {
  const std::string of_key = key_clause(key_schema, random);
  const std::string of_attributes = pick(kOfAttributes, random);
  switch (random() % 8) {
    case 0:
    case 1:
      return "";
    case 2:
    case 3:
      return of_key;
    case 4:
      return of_key.empty() ? of_attributes : fmt::format("({}) AND ({})", of_key, of_attributes);
    default:
      return of_attributes;
  }
}

std::string difference_of_items(pg::Connection& connection, const Replica& replica,
                                const std::vector<std::string>& items) {
  std::string different;
  for (const Target& target : replica.targets) {
    const std::string& where = target.mapping.rules.where;
    std::optional<Clause> clause;
    if (!where.empty()) clause = Clause::parse(where);
    std::vector<std::string> wanted;
    for (const std::string& item : items)
      if (!clause || clause->matches(item)) wanted.push_back(test::canonical_dynamodb_json(item));
    std::ranges::sort(wanted);
    const std::vector<std::string> seen = test::items_of(connection, target);
    if (wanted == seen) continue;
    for (const std::string& item : wanted) spdlog::debug("item {}", item);
    for (const std::string& item : seen) spdlog::debug("row {}", item);
    different += fmt::format("{} where \"{}\": {} items, {} rows; ", target.table, where,
                             wanted.size(), seen.size());
  }
  return different;
}

MappingRules random_rules(const KeySchema& key_schema, std::mt19937_64& random) {
  return {.layout = random() % 2 == 0 ? LayoutKind::document : LayoutKind::columns,
          .where = random_clause(key_schema, random)};
}

}  // namespace dynamite::sim
