#include "mapping/snake_case.hpp"

#include <cstddef>

namespace dynamite {
namespace {

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_lower(char c) noexcept {
  return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

/// Whether a word begins with the letter at `i`: the D of orderDate, the S of HTTPServer.
bool begins_word(std::string_view text, std::size_t i) noexcept {
  if (i == 0 || !is_upper(text[i])) return false;
  const char before = text[i - 1];
  const bool is_last_capital = i + 1 < text.size() && is_lower(text[i + 1]);
  return is_lower(before) || is_digit(before) || (is_upper(before) && is_last_capital);
}

}  // namespace

std::string snake_case(std::string_view attribute) {
  std::string name;
  bool is_separated = false;
  for (std::size_t i = 0; i < attribute.size(); ++i) {
    const char c = attribute[i];
    if (c == '_') {
      name += c;
    } else if (is_lower(c) || is_upper(c) || is_digit(c)) {
      const bool begins = is_separated || begins_word(attribute, i);
      if (begins && !name.empty() && name.back() != '_') name += '_';
      name += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    }
    is_separated = c != '_' && !is_lower(c) && !is_upper(c) && !is_digit(c);
  }
  if (name.empty() || is_digit(name.front())) name.insert(name.begin(), '_');
  return name;
}

}  // namespace dynamite
