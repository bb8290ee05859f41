#include "where/clause.hpp"

#include "core/error.hpp"
#include "core/key.hpp"

namespace dynamite {

Clause Clause::parse(std::string_view text) {
  Clause clause;
  clause.clauses_.add(text);
  return clause;
}

bool Clause::matches(std::string_view image) const {
  ItemAttributes item;
  clauses_.read(image, item);
  return clauses_.holds(0, item);
}

bool Clause::decided_by_keys(const KeySchema& key_schema) const {
  return clauses_.is_decided_by_keys(0, key_schema);
}

bool Clause::matches_key(std::string_view canonical_key, const KeySchema& key_schema) const {
  if (!decided_by_keys(key_schema))
    throw Error{Error::Kind::bug, "the clause names attributes that are not of the key"};
  const KeyParts key = split_key(canonical_key);
  ItemAttributes item;
  clauses_.read_key(key, key_schema, item);
  return clauses_.holds(0, item);
}

}  // namespace dynamite
