#include "mapping/mapping.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "mapping/hashed_keys.hpp"

namespace dynamite {

Layout Mapping::layout(const KeySchema& keys) const {
  const KeySchema shown = hashed_schema(rules, keys);
  return rules.layout == LayoutKind::document ? Layout::document(shown, columns, rules.keeps())
                                              : Layout::columns(shown, columns, rules.keeps());
}

std::shared_ptr<const HashKey> Mapping::required_hash_key(std::string_view target) const {
  constexpr const char* kHint =
      "give the key under which the target is hashed, with `hash_key` or `hash_key_secret`";
  if (rules.hash.empty()) return {};
  if (!hash_key)
    throw Error{Error::Kind::usage,
                fmt::format("{} has hashes, but no key of hash is given, wanted the key of "
                            "fingerprint \"{}\"",
                            target, rules.hash_fingerprint),
                kHint};
  if (hash_key->fingerprint() != rules.hash_fingerprint)
    throw Error{Error::Kind::usage,
                fmt::format("{} has hashes, but the key of hash that is given has the fingerprint "
                            "\"{}\", wanted \"{}\"",
                            target, hash_key->fingerprint(), rules.hash_fingerprint),
                kHint};
  return hash_key;
}

}  // namespace dynamite
