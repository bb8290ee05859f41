#include "pg/bytea.hpp"

namespace dynamite::pg {

std::string bytes_of_bytea(std::string_view text) {
  constexpr std::size_t kPrefix = 2;
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t at = kPrefix; at + 1 < text.size(); at += 2)
    bytes += static_cast<char>(value(text[at]) * 16 + value(text[at + 1]));
  return bytes;
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xFU];
  }
}

void append_bytea(Array& array, std::string_view bytes) {
  constexpr std::string_view kPrefix = "\\x";
  std::string& out = array.add(static_cast<std::int32_t>(kPrefix.size() + 2 * bytes.size()));
  out += kPrefix;
  append_hex(out, bytes);
}

}  // namespace dynamite::pg
