#include "layout/key_arrays.hpp"

#include "core/error.hpp"
#include "core/key.hpp"
#include "pg/bytea.hpp"

namespace dynamite {
namespace {

bool is_storable(std::string_view part, const KeyAttribute& attribute) {
  return attribute.type != KeyType::S || part.find('\0') == part.npos;
}

void require_storable(std::string_view part, const KeyAttribute& attribute) {
  if (!is_storable(part, attribute))
    throw Error{Error::Kind::poison, "key attribute \"" + attribute.name +
                                         "\" holds U+0000, which PostgreSQL's text cannot store"};
}

void append_part(pg::Array& array, std::string_view part, KeyType type) {
  type == KeyType::B ? pg::append_bytea(array, part) : array.append(part);
}

}  // namespace

void KeyArrays::append(std::string_view key) {
  const KeySchema& schema = *schema_;
  const KeyParts parts = split_key(key);
  if (parts.count != (schema.sort ? 2U : 1U))
    throw Error{Error::Kind::bug, "a key has another number of parts than its table"};
  require_storable(parts.parts[0], schema.partition);
  if (schema.sort) require_storable(parts.parts[1], *schema.sort);
  append_part(parts_[0], parts.parts[0], schema.partition.type);
  if (schema.sort) append_part(parts_[1], parts.parts[1], schema.sort->type);
}

pg::Params& KeyArrays::add_to(pg::Params& params) const {
  for (const pg::Array& part : parts_) params.array(part);
  return params;
}

bool is_storable(std::string_view key, const KeySchema& schema) {
  const KeyParts parts = split_key(key);
  return is_storable(parts.parts[0], schema.partition) &&
         (!schema.sort || is_storable(parts.parts[1], *schema.sort));
}

}  // namespace dynamite
