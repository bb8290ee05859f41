#include "pg/identifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kIdentifierBytesMax = 63;  // NAMEDATALEN - 1

std::string doubled(std::string_view text, char quote) {
  if (text.find('\0') != text.npos)
    throw Error{Error::Kind::usage, "a name holds U+0000, which PostgreSQL cannot store"};
  std::string out{quote};
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out += quote;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

}  // namespace

std::string quote_identifier(std::string_view name) {
  if (name.empty() || name.size() > kIdentifierBytesMax)
    throw Error{Error::Kind::usage,
                fmt::format("the name \"{}\" has {} bytes, but PostgreSQL takes 1 to {}", name,
                            name.size(), kIdentifierBytesMax)};
  return doubled(name, '"');
}

std::string quote_literal(std::string_view value) {
  // E'' so that a backslash means itself whatever standard_conforming_strings says.
  std::string escaped;
  for (const char c : value) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  return "E" + doubled(escaped, '\'');
}

std::string shorten_identifier(std::string_view name) {
  if (name.size() <= kIdentifierBytesMax) return std::string{name};
  const std::string suffix = fmt::format("_{:016x}", stable_hash(name));
  std::size_t length = kIdentifierBytesMax - suffix.size();
  while (length > 0 && continues_character(name[length])) --length;
  return std::string{name.substr(0, length)} + suffix;
}

bool is_system_column(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> kSystemColumns{"ctid", "xmin", "xmax",
                                                           "cmin", "cmax", "tableoid"};
  return std::ranges::find(kSystemColumns, name) != kSystemColumns.end();
}

std::uint64_t stable_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace dynamite
