#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dynamite {

/// `name` as an SQL identifier: quoted, inner quotes doubled. Throws Error{usage} if it is empty,
/// holds U+0000 or is longer than 63 bytes, which PostgreSQL would cut without a word.
std::string quote_identifier(std::string_view name);

/// `value` as an SQL literal for DDL, where parameters cannot stand. Throws Error{usage} on U+0000.
std::string quote_literal(std::string_view value);

/// A name of at most 63 bytes for `name`: itself, or its beginning and a hash of the whole.
std::string shorten_identifier(std::string_view name);

/// Whether every table has a column of PostgreSQL's own under `name`.
bool is_system_column(std::string_view name) noexcept;

/// FNV-1a: the same for ever, unlike std::hash.
std::uint64_t stable_hash(std::string_view text) noexcept;

}  // namespace dynamite
