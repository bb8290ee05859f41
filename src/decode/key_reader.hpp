#pragma once

#include <cstddef>
#include <string>

#include "core/key_schema.hpp"
#include "decode/json_scanner.hpp"

namespace dynamite {

/// Reads the object that `scanner` stands before, an item or a record's Keys, appends its canonical
/// key and returns how many attributes it has. Throws Error{poison}, with `out` as it was, if the
/// object is malformed or an attribute of the key is missing, is there twice, has another type, or
/// holds U+0000 in a string, which PostgreSQL cannot store.
std::size_t read_key(JsonScanner& scanner, const KeySchema& key_schema, std::string& out);

}  // namespace dynamite
