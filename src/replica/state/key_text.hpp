#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/key_schema.hpp"

namespace dynamite {

// Keys as SQL's text, whatever their columns' types.

/// The type that text of a key part is cast to.
std::string_view key_cast_type(KeyType type);

/// SQL: the key column `column` as text that canonical_key reads.
std::string key_as_text(std::string_view column, KeyType type);

/// Of a row's key parts as key_as_text gives them.
std::string canonical_key(const KeySchema& keys, const std::vector<std::string>& parts);

}  // namespace dynamite
