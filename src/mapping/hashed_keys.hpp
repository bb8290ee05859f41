#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"
#include "mapping/mapping.hpp"

namespace dynamite {

/// The key of a target whose source has key `source`: attributes that `hash` takes are of type S.
/// Throws Error{usage} if a pattern of `hash` is none.
KeySchema hashed_schema(const MappingRules& rules, const KeySchema& source);

/// The attributes of the key that `hash` takes. Throws as hashed_schema does.
std::vector<std::string> hashed_key_attributes(const MappingRules& rules, const KeySchema& source);

/// Makes of a source's keys those of a target. What is hashed of a key is what Projection writes
/// into the image: the digest of the part's bytes in the canonical key.
class HashedKeys {
 public:
  /// `hash_key`: of the rules' `hash`. Throws as hashed_schema does.
  HashedKeys(const MappingRules& rules, const KeySchema& source,
             std::shared_ptr<const HashKey> hash_key);

  /// The target's canonical key (core/key.hpp) of `source_key`, one of the source's: the same view
  /// if nothing of it is hashed, else one that lives until the next call. Throws Error{bug} if the
  /// key is not canonical.
  std::string_view of(std::string_view source_key);

 private:
  std::array<bool, 2> hashes_{};  // the partition key, the sort key
  std::shared_ptr<const HashKey> hash_key_;
  std::string hashed_;
};

}  // namespace dynamite
