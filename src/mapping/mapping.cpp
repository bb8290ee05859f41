#include "mapping/mapping.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace dynamite {

Layout Mapping::layout(const KeySchema& keys) const {
  return rules.layout == LayoutKind::document ? Layout::document(keys, columns, rules.keeps())
                                              : Layout::columns(keys, columns, rules.keeps());
}

std::shared_ptr<const HashKey> Mapping::required_hash_key() const {
  if (rules.hash.empty()) return {};
  if (!hash_key)
    throw Error{Error::Kind::usage,
                fmt::format("no key is given for what is hashed, wanted the key of fingerprint "
                            "\"{}\"",
                            rules.hash_fingerprint),
                "give the key under which the target has been hashed so far"};
  if (hash_key->fingerprint() != rules.hash_fingerprint)
    throw Error{Error::Kind::usage,
                fmt::format("the key of what is hashed has the fingerprint \"{}\", wanted \"{}\"",
                            hash_key->fingerprint(), rules.hash_fingerprint),
                "give the key under which the target has been hashed so far"};
  return hash_key;
}

}  // namespace dynamite
