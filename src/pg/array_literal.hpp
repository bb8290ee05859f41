#pragma once

#include <span>
#include <string>
#include <string_view>

#include "pg/binary.hpp"

/// Arrays as text that PostgreSQL casts to an array: `{"a","b"}`. Layout: PostgreSQL's
/// arrayfuncs.c, array_in. An array of arrays cannot travel otherwise, since unnest flattens it.
namespace dynamite::pg {

void append_text_array_literal(std::string& out, std::span<const std::string_view> texts);
void append_numeric_array_literal(std::string& out, std::span<const Decimal> numbers);
void append_bytea_array_literal(std::string& out, std::span<const std::string_view> values);

}  // namespace dynamite::pg
