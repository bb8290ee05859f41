#include "where/clause.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/key.hpp"
#include "json/scanner.hpp"
#include "json/text.hpp"
#include "where/evaluation.hpp"
#include "where/parser.hpp"

namespace dynamite {
namespace {

ValueType value_type_of(KeyType type) {
  switch (type) {
    case KeyType::S:
      return ValueType::S;
    case KeyType::N:
      return ValueType::N;
    case KeyType::B:
      return ValueType::B;
  }
  throw Error{Error::Kind::bug, "key type is none of S, N, B"};
}

}  // namespace

Clause::Clause(Condition condition, AttributePlaces attributes)
    : condition_{std::move(condition)}, attributes_{std::move(attributes)} {}

Clause Clause::parse(std::string_view text) {
  ParsedClause parsed = parse_clause(text);
  return {std::move(parsed.condition), std::move(parsed.attributes)};
}

std::optional<std::size_t> Clause::place_of(std::string_view token, bool has_escapes) const {
  std::string name;
  if (has_escapes) append_unescaped(name, token);
  const auto found = attributes_.find(has_escapes ? std::string_view{name} : token);
  return found == attributes_.end() ? std::nullopt : std::optional{found->second};
}

bool Clause::matches(std::string_view image) const {
  std::vector<ItemAttribute> attributes(attributes_.size());
  JsonScanner scanner{image};
  scan_object(scanner, [&](std::string_view name) {
    const auto place = place_of(name, scanner.string_has_escapes());
    const std::string_view raw = scanner.skip_value();
    if (!place) return;
    if (attributes[*place].raw)
      throw Error{Error::Kind::poison, "an attribute of the clause is there twice"};
    attributes[*place].raw = raw;
  });
  scanner.expect_end();
  return Evaluation{attributes}.holds(condition_);
}

bool Clause::decided_by_keys(const KeySchema& key_schema) const {
  return std::ranges::all_of(attributes_,
                             [&](const auto& each) { return key_schema.has(each.first); });
}

bool Clause::matches_key(std::string_view canonical_key, const KeySchema& key_schema) const {
  if (!decided_by_keys(key_schema))
    throw Error{Error::Kind::bug, "the clause names attributes that are not of the key"};
  const KeyParts parts = split_key(canonical_key);
  std::vector<ItemAttribute> attributes(attributes_.size());
  const auto add = [&](const KeyAttribute& attribute, std::string_view bytes) {
    const auto place = place_of(attribute.name, false);
    if (place)
      attributes[*place].key = Value{.type = value_type_of(attribute.type), .bytes = bytes};
  };
  add(key_schema.partition, parts.parts[0]);
  if (key_schema.sort) add(*key_schema.sort, parts.parts[1]);
  return Evaluation{attributes}.holds(condition_);
}

}  // namespace dynamite
