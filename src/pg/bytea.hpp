#pragma once

#include <string>
#include <string_view>

#include "pg/array.hpp"

namespace dynamite::pg {

/// The bytes of a bytea as PostgreSQL writes it in text: `\x` and hexadecimal digits, in lower
/// case, which is what sessions of ours have pinned (bytea_output).
std::string bytes_of_bytea(std::string_view text);

/// Appends two hexadecimal digits a byte.
void append_hex(std::string& out, std::string_view bytes);

/// Appends an element of text that PostgreSQL casts to bytea.
void append_bytea(Array& array, std::string_view bytes);

}  // namespace dynamite::pg
