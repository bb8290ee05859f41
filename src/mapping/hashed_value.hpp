#pragma once

#include <string>
#include <string_view>

#include "json/scanner.hpp"
#include "mapping/hash_key.hpp"

namespace dynamite {

/// Takes the inside of a value of `type`, no map or list, up to its closing brace, and appends to
/// `out` the value that `hash` stores in its place:
///
/// | of         | is                                                                            |
/// |------------|-------------------------------------------------------------------------------|
/// | S          | {"S": digest of its UTF-8 bytes}                                              |
/// | N          | {"S": digest of the canonical number (core/number.hpp)}                       |
/// | B          | {"S": digest of the decoded bytes}                                            |
/// | BOOL       | {"S": digest of `true` or `false`}                                            |
/// | SS, NS, BS | {"SS": the digests of the members, sorted and each once}                      |
/// | NULL       | {"NULL":true}                                                                 |
///
/// Throws Error{poison} if the value is none of DynamoDB's.
void append_hashed(std::string& out, JsonScanner& scanner, std::string_view type,
                   const HashKey& key);

}  // namespace dynamite
