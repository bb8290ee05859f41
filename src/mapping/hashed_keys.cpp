#include "mapping/hashed_keys.hpp"

#include <cstddef>

#include "core/key.hpp"
#include "mapping/path_pattern.hpp"

namespace dynamite {
namespace {

/// Whether `hash` takes all of the attribute. A pattern of a path into a key attribute takes
/// nothing: it is a scalar.
bool hashes(const MappingRules& rules, std::string_view attribute) {
  bool found = false;
  for (const std::string& text : rules.hash) {
    const PathPattern pattern = PathPattern::parse_or_throw(text);
    found |= pattern.size() == 1 && pattern.matches(0, attribute);
  }
  return found;
}

}  // namespace

KeySchema hashed_schema(const MappingRules& rules, const KeySchema& source) {
  KeySchema schema = source;
  if (hashes(rules, source.partition.name)) schema.partition.type = KeyType::S;
  if (schema.sort && hashes(rules, schema.sort->name)) schema.sort->type = KeyType::S;
  return schema;
}

HashedKeys::HashedKeys(const Mapping& mapping, const KeySchema& source)
    : hashes_{hashes(mapping.rules, source.partition.name),
              source.sort && hashes(mapping.rules, source.sort->name)},
      hash_key_{mapping.required_hash_key()} {}

std::string HashedKeys::hashed(std::string_view source_key) const {
  const KeyParts source = split_key(source_key);
  std::string key;
  for (std::size_t part = 0; part < source.count; ++part) {
    const std::string_view bytes = source.parts[part];
    if (hashes_[part])
      append_key_part(key, hash_key_->digest(bytes));
    else
      append_key_part(key, bytes);
  }
  return key;
}

}  // namespace dynamite
