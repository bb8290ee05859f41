#include "json/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kEscapeLength = 6;  // \uXXXX
constexpr char32_t kHighMin = 0xD800;
constexpr char32_t kLowMin = 0xDC00;
constexpr char32_t kLowMax = 0xDFFF;

char32_t hex_value(char c) noexcept {
  if (c <= '9') return static_cast<char32_t>(c - '0');
  return static_cast<char32_t>((c | 0x20) - 'a' + 10);
}

char32_t code_unit(std::string_view escape) noexcept {
  char32_t unit = 0;
  for (const char c : escape.substr(2, 4)) unit = unit << 4U | hex_value(c);
  return unit;
}

/// Takes the `\uXXXX` at the front of `token`, and its second half if it is a surrogate.
char32_t take_code_point(std::string_view& token) {
  const char32_t first = code_unit(token);
  token.remove_prefix(kEscapeLength);
  if (first < kHighMin || first > kLowMax) return first;
  if (first < kLowMin && token.starts_with("\\u")) {
    const char32_t second = code_unit(token);
    if (second >= kLowMin && second <= kLowMax) {
      token.remove_prefix(kEscapeLength);
      return 0x10000 + ((first - kHighMin) << 10U) + (second - kLowMin);
    }
  }
  throw Error{Error::Kind::poison, "string holds a lone surrogate, which no UTF-8 text can"};
}

void append_utf8(std::string& out, char32_t point) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80 | (point >> shift & 0x3F));
  };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6U);
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12U);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

char short_escape(char c) noexcept {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // quote, backslash, slash
  }
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNotBase64 = 0xFF;

constexpr std::array<std::uint8_t, 256> kBase64Values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotBase64);
  for (std::size_t i = 0; i < kBase64.size(); ++i)
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

std::uint32_t base64_value(char c) noexcept { return kBase64Values[static_cast<unsigned char>(c)]; }

std::string_view without_padding(std::string_view text) noexcept {
  if (text.ends_with("=="))
    text.remove_suffix(2);
  else if (text.ends_with('='))
    text.remove_suffix(1);
  return text;
}

}  // namespace

bool has_escapes(std::string_view token) noexcept {
  return token.find('\\') != std::string_view::npos;
}

bool token_is(std::string_view token, std::string_view text) {
  if (!has_escapes(token)) return token == text;
  std::string unescaped;
  append_unescaped(unescaped, token);
  return unescaped == text;
}

bool holds_nul(std::string_view token) {
  bool nul = false;
  while (true) {
    const std::size_t plain = token.find('\\');
    if (plain == std::string_view::npos) return nul;
    token.remove_prefix(plain);
    if (token[1] == 'u')
      nul = take_code_point(token) == 0 || nul;
    else
      token.remove_prefix(2);
  }
}

void append_unescaped(std::string& out, std::string_view token) {
  while (true) {
    const std::size_t plain = std::min(token.find('\\'), token.size());
    out += token.substr(0, plain);
    token.remove_prefix(plain);
    if (token.empty()) return;
    if (token[1] == 'u') {
      append_utf8(out, take_code_point(token));
    } else {
      out += short_escape(token[1]);
      token.remove_prefix(2);
    }
  }
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    } else {
      out += c;
    }
  }
}

bool is_base64(std::string_view text) noexcept {
  if (text.size() % 4 != 0) return false;
  const std::string_view data = without_padding(text);
  std::uint32_t all = 0;
  for (const char c : data) all |= base64_value(c);
  if (all > 0x3F) return false;
  if (data.size() == text.size()) return true;
  // The bits that padding stands for must be zero, else two texts would be the same bytes.
  const std::uint32_t unused = text.size() - data.size() == 2 ? 0xF : 0x3;
  return (base64_value(data.back()) & unused) == 0;
}

void append_base64_decoded(std::string& out, std::string_view text) {
  if (!is_base64(text))
    throw Error{Error::Kind::poison, "binary is not standard Base64 with padding"};
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : without_padding(text)) {
    bits = bits << 6U | base64_value(c);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
}

void append_base64(std::string& out, std::string_view bytes) {
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::size_t written = 0;
  const auto append = [&](std::uint32_t value) {
    out += kBase64[value & 0x3F];
    ++written;
  };
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) append(bits >> (count - 6));
  }
  if (count > 0) append(bits << (6 - count));
  while (written % 4 != 0) {
    out += '=';
    ++written;
  }
}

std::string json_string(std::string_view bytes) {
  std::string out{"\""};
  append_escaped(out, bytes);
  return out += '"';
}

}  // namespace dynamite
