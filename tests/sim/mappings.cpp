#include "sim/mappings.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "support/rebuilt_item.hpp"

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

constexpr std::array<std::string_view, 5> kHashed{"kind", "N*", "*.*", "name", "M"};

std::string pick(std::span<const std::string_view> list, std::mt19937_64& random) {
  return std::string{list[random() % list.size()]};
}

std::string clause_of(const KeyAttribute& key, std::mt19937_64& random) {
  const std::string text =
      key.type == KeyType::S ? pick(kOfStringKey, random) : pick(kOfNumberKey, random);
  return fmt::format(fmt::runtime(text), key.name);
}

/// `pattern`: of values beside the key; empty: none is hashed.
void set_hash(MappingRules& rules, const std::vector<std::string>& hashed_keys,
              const std::string& pattern) {
  rules.hash = hashed_keys;
  if (!pattern.empty()) rules.hash.push_back(pattern);
  rules.hash_fingerprint = rules.hash.empty() ? "" : hash_key()->fingerprint();
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
    const std::vector<std::string> wanted = test::shown_items(target, items);
    const std::vector<std::string> seen = test::items_of(connection, target);
    if (wanted == seen) continue;
    for (const std::string& item : wanted) spdlog::debug("item {}", item);
    for (const std::string& item : seen) spdlog::debug("row {}", item);
    different += fmt::format("{} where \"{}\": {} items, {} rows; ", target.table,
                             target.mapping.rules.where, wanted.size(), seen.size());
  }
  return different;
}

const std::shared_ptr<const HashKey>& hash_key() {
  static const auto key = std::make_shared<const HashKey>("a secret of enough bytes");
  return key;
}

std::vector<std::string> random_hashed_keys(const KeySchema& key_schema, std::mt19937_64& random) {
  std::vector<std::string> names;
  if (random() % 4 != 0) return names;
  const std::uint64_t which = 1 + random() % 3;
  if ((which & 1U) != 0 || !key_schema.sort) names.push_back(key_schema.partition.name);
  if ((which & 2U) != 0 && key_schema.sort) names.push_back(key_schema.sort->name);
  return names;
}

MappingRules random_rules(const KeySchema& key_schema, const std::vector<std::string>& hashed_keys,
                          std::mt19937_64& random) {
  MappingRules rules{.layout = random() % 2 == 0 ? LayoutKind::document : LayoutKind::columns,
                     .where = random_clause(key_schema, random),
                     .keep_removed = random() % 4 == 0,
                     .keep_expired = random() % 4 == 0,
                     .history = random() % 2 == 0};
  set_hash(rules, hashed_keys, random() % 2 == 0 ? "" : pick(kHashed, random));
  return rules;
}

void switch_one(MappingRules& rules, const std::vector<std::string>& hashed_keys,
                std::mt19937_64& random) {
  switch (random() % 5) {
    case 0:
      rules.keep_removed = !rules.keep_removed;
      break;
    case 1:
      rules.keep_expired = !rules.keep_expired;
      break;
    case 2:
      set_hash(rules, hashed_keys, "");
      break;
    case 3:
      set_hash(rules, hashed_keys, pick(kHashed, random));
      break;
    default:
      rules.history = !rules.history;
  }
}

}  // namespace dynamite::sim
