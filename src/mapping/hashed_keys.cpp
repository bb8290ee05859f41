#include "mapping/hashed_keys.hpp"

#include <cstddef>
#include <utility>

#include "core/error.hpp"
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

std::vector<std::string> hashed_key_attributes(const MappingRules& rules, const KeySchema& source) {
  std::vector<std::string> names;
  if (hashes(rules, source.partition.name)) names.push_back(source.partition.name);
  if (source.sort && hashes(rules, source.sort->name)) names.push_back(source.sort->name);
  return names;
}

HashedKeys::HashedKeys(const MappingRules& rules, const KeySchema& source,
                       std::shared_ptr<const HashKey> hash_key)
    : hashes_{hashes(rules, source.partition.name),
              source.sort && hashes(rules, source.sort->name)},
      hash_key_{std::move(hash_key)} {}

std::string_view HashedKeys::of(std::string_view source_key) {
  if (!hashes_[0] && !hashes_[1]) return source_key;
  if (!hash_key_) throw Error{Error::Kind::bug, "a key is to be hashed without a key of hash"};
  const KeyParts source = split_key(source_key);
  hashed_.clear();
  for (std::size_t part = 0; part < source.count; ++part) {
    const std::string_view bytes = source.parts[part];
    if (hashes_[part])
      append_key_part(hashed_, hash_key_->digest(bytes));
    else
      append_key_part(hashed_, bytes);
  }
  return hashed_;
}

}  // namespace dynamite
