#include "where/clauses.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "json/scanner.hpp"
#include "json/text.hpp"
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

void Clauses::add(std::string_view text) {
  ParsedClause parsed = parse_clause(text, places_);
  clauses_.push_back(
      {.condition = std::move(parsed.condition), .attributes = std::move(parsed.attributes)});
}

bool Clauses::is_decided_by_keys(std::size_t number, const KeySchema& key_schema) const {
  return std::ranges::all_of(places_, [&](const auto& each) {
    return !clauses_[number].attributes.contains(each.second) || key_schema.has(each.first);
  });
}

std::optional<std::size_t> Clauses::place_of(std::string_view token, bool has_escapes) const {
  std::string name;
  if (has_escapes) append_unescaped(name, token);
  const auto found = places_.find(has_escapes ? std::string_view{name} : token);
  return found == places_.end() ? std::nullopt : std::optional{found->second};
}

void Clauses::read(std::string_view image, ItemAttributes& into) const {
  into.assign(places_.size(), {});
  JsonScanner scanner{image};
  scan_object(scanner, [&](std::string_view name) {
    const auto place = place_of(name, scanner.string_has_escapes());
    const std::string_view raw = scanner.skip_value();
    if (!place) return;
    if (into[*place].raw)
      throw Error{Error::Kind::poison, "an attribute of the clause is there twice"};
    into[*place].raw = raw;
  });
  scanner.expect_end();
}

void Clauses::read_key(const KeyParts& key, const KeySchema& key_schema,
                       ItemAttributes& into) const {
  into.assign(places_.size(), {});
  const auto add = [&](const KeyAttribute& attribute, std::string_view bytes) {
    if (const auto place = place_of(attribute.name, false))
      into[*place].key = Value{.type = value_type_of(attribute.type), .bytes = bytes};
  };
  add(key_schema.partition, key.parts[0]);
  if (key_schema.sort) add(*key_schema.sort, key.parts[1]);
}

bool Clauses::holds(std::size_t number, const ItemAttributes& item) const {
  return Evaluation{item}.holds(clauses_[number].condition);
}

}  // namespace dynamite
