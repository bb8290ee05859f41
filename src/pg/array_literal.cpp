#include "pg/array_literal.hpp"

#include <array>
#include <charconv>

#include "pg/bytea.hpp"

namespace dynamite::pg {
namespace {

template <class Values, class AppendElement>
void append_literal(std::string& out, const Values& values, AppendElement append_element) {
  char before = '{';
  for (const auto& value : values) {
    out += before;
    append_element(value);
    before = ',';
  }
  out += values.empty() ? "{}" : "}";
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t special; (special = text.find_first_of("\"\\")) != text.npos;) {
    out += text.substr(0, special);
    out += '\\';
    out += text[special];
    text.remove_prefix(special + 1);
  }
  out += text;
}

void append_number(std::string& out, const Decimal& number) {
  if (number.negative) out += '-';
  if (number.digits.empty()) out += '0';
  out += number.digits;
  if (number.exponent == 0) return;
  std::array<char, 24> exponent;
  const auto [end, error] =
      std::to_chars(exponent.data(), exponent.data() + exponent.size(), number.exponent);
  out += 'e';
  out.append(exponent.data(), end);
}

}  // namespace

// In quotes no text is taken for NULL, and the empty text is an element.
void append_text_array_literal(std::string& out, std::span<const std::string_view> texts) {
  append_literal(out, texts, [&](std::string_view text) {
    out += '"';
    append_escaped(out, text);
    out += '"';
  });
}

void append_numeric_array_literal(std::string& out, std::span<const Decimal> numbers) {
  append_literal(out, numbers, [&](const Decimal& number) { append_number(out, number); });
}

void append_bytea_array_literal(std::string& out, std::span<const std::string_view> values) {
  append_literal(out, values, [&](std::string_view bytes) {
    out += R"("\\x)";
    append_hex(out, bytes);
    out += '"';
  });
}

}  // namespace dynamite::pg
