#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/key_schema.hpp"
#include "json/scanner.hpp"

namespace dynamite {

/// Reads the object that `scanner` stands before, an item or a record's Keys, appends its canonical
/// key and returns how many attributes it has. Throws Error{poison}, with `out` as it was, if the
/// object is malformed or an attribute of the key is missing, is there twice, has another type, or
/// holds U+0000 in a string, which PostgreSQL cannot store.
std::size_t read_key(JsonScanner& scanner, const KeySchema& key_schema, std::string& out);

/// `{"S":"…"}`, the raw value of a key attribute, is that part of a canonical key. Throws
/// Error{poison} if it is malformed or has another type.
bool key_part_equals(std::string_view value, const KeyAttribute& attribute,
                     std::string_view canonical);

/// Appends the canonical key of `image` (an item, or a record's Keys). Throws Error{poison} if an
/// attribute of the key is missing, is there twice, has another type, or holds U+0000 in a string.
void append_canonical_key(std::string& out, std::string_view image, const KeySchema& key_schema);

/// The key as DynamoDB JSON, `{"pk":{"S":"a"}}`.
std::string key_json(std::string_view canonical_key, const KeySchema& key_schema);

/// "type N" of a raw token; "an unknown type" of a token that is no type's name, since it may be an
/// item's content.
std::string shown_type(std::string_view token);

}  // namespace dynamite
