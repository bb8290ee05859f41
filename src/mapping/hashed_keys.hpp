#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "core/key_schema.hpp"
#include "mapping/mapping.hpp"

namespace dynamite {

/// The key of a target whose source has key `source`: attributes that `hash` takes are of type S.
/// Throws Error{usage} if a pattern of `hash` is none.
KeySchema hashed_schema(const MappingRules& rules, const KeySchema& source);

/// Makes of a source's keys those of a target. What is hashed of a key is what Projection writes
/// into the image: the digest of the part's bytes in the canonical key.
class HashedKeys {
 public:
  /// Throws Error{usage} if a pattern of `hash` is none, or as Mapping::required_hash_key does.
  HashedKeys(const Mapping& mapping, const KeySchema& source);

  /// False if the target's keys are the source's.
  bool changes_keys() const noexcept { return hashes_[0] || hashes_[1]; }

  /// The target's canonical key (core/key.hpp) of `source_key`, one of the source's. Throws
  /// Error{bug} if it is not canonical.
  std::string hashed(std::string_view source_key) const;

 private:
  std::array<bool, 2> hashes_{};  // the partition key, the sort key
  std::shared_ptr<const HashKey> hash_key_;
};

}  // namespace dynamite
