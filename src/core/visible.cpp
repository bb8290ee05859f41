#include "core/visible.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace dynamite {
namespace {

/// A character and how many bytes it has; 0: the first byte begins none.
struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t size = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < size) return {};
  std::uint32_t code = byte(0) & (0xFFU >> (size + 1));
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (byte(at) & 0x3FU);
  }
  constexpr std::uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLowest[size] || code > 0x10FFFF || surrogate) return {};
  return {code, size};
}

/// Line and paragraph separators, and what turns the direction of writing.
bool misleads(std::uint32_t code) noexcept {
  return code == 0x2028 || code == 0x2029 || code == 0x061C || code == 0x200E || code == 0x200F ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

void append_visible(std::string& out, std::string_view text, bool escapes_quotes) {
  while (!text.empty()) {
    const auto [code, size] = first_character(text);
    if (size == 0)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else if (escapes_quotes && (code == '"' || code == '\\'))
      (out += '\\') += static_cast<char>(code);
    else if (code == '\n')
      out += "\\n";
    else if (code == '\r')
      out += "\\r";
    else if (code == '\t')
      out += "\\t";
    else if (code < ' ' || code == 0x7F)
      out += fmt::format("\\x{:02x}", code);
    else if ((code >= 0x80 && code < 0xA0) || misleads(code))
      out += fmt::format("\\u{{{:x}}}", code);
    else
      out += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_visible(out, text, false);
  return out;
}

std::string in_quotes(std::string_view text) {
  std::string out{"\""};
  append_visible(out, text, true);
  return out += '"';
}

std::string log_value(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:/*?";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
  return plain ? std::string{text} : in_quotes(text);
}

}  // namespace dynamite
