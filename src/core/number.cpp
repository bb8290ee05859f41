#include "core/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kDigitsMax = 38;
constexpr std::int64_t kMagnitudeMin = -130;
constexpr std::int64_t kMagnitudeMax = 125;
// Beyond any exponent that the digits of a text could make up for, far below overflow.
constexpr std::int64_t kExponentMax = 1'000'000'000'000;
// PostgreSQL's numeric keeps at most 16,383 digits behind the point, zeros included. DynamoDB
// writes at most 170 characters.
constexpr std::size_t kPlainLengthMax = 256;

/// coefficient * 10^exponent; the coefficient has no outer zeros, and no digits at all for zero.
struct Decimal {
  std::array<char, kDigitsMax> digits;
  std::size_t count = 0;
  std::int64_t exponent = 0;
  bool negative = false;

  std::string_view coefficient() const noexcept { return {digits.data(), count}; }
};

[[noreturn]] void fail(const char* why) {
  throw Error{Error::Kind::poison, std::string{"number "} + why};
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes the digits at the front of `text`; `zeros` counts those not yet known to be inner zeros.
std::size_t take_digits(std::string_view& text, Decimal& decimal, std::size_t& zeros) {
  std::size_t taken = 0;
  for (; taken < text.size() && is_digit(text[taken]); ++taken) {
    const char digit = text[taken];
    if (digit == '0') {
      if (decimal.count > 0) ++zeros;
      continue;
    }
    if (decimal.count + zeros >= kDigitsMax) fail("has more than 38 significant digits");
    std::fill_n(decimal.digits.begin() + static_cast<std::ptrdiff_t>(decimal.count), zeros, '0');
    decimal.count += zeros;
    zeros = 0;
    decimal.digits[decimal.count++] = digit;
  }
  text.remove_prefix(taken);
  return taken;
}

bool take_sign(std::string_view& text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

std::int64_t take_exponent(std::string_view& text) {
  const bool negative = take_sign(text);
  std::int64_t exponent = 0;
  std::size_t taken = 0;
  for (; taken < text.size() && is_digit(text[taken]); ++taken)
    exponent = std::min(kExponentMax, exponent * 10 + (text[taken] - '0'));
  if (taken == 0) fail("is not decimal");
  text.remove_prefix(taken);
  return negative ? -exponent : exponent;
}

Decimal parse(std::string_view text) {
  Decimal decimal;
  decimal.negative = take_sign(text);
  std::size_t zeros = 0;
  std::size_t taken = take_digits(text, decimal, zeros);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t behind_point = take_digits(text, decimal, zeros);
    taken += behind_point;
    decimal.exponent -= static_cast<std::int64_t>(behind_point);
  }
  if (taken == 0) fail("is not decimal");
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    decimal.exponent += take_exponent(text);
  }
  if (!text.empty()) fail("is not decimal");
  decimal.exponent += static_cast<std::int64_t>(zeros);
  const auto magnitude = decimal.exponent + static_cast<std::int64_t>(decimal.count) - 1;
  if (decimal.count > 0 && (magnitude < kMagnitudeMin || magnitude > kMagnitudeMax))
    fail("is not within 1E-130 and 9.99E+125");
  return decimal;
}

/// True if `text` is a JSON number without an exponent, of at most `kPlainLengthMax` characters.
bool is_plain(std::string_view text) noexcept {
  if (text.size() > kPlainLengthMax) return false;
  const char* next = text.data();
  const char* const end = next + text.size();
  if (next != end && *next == '-') ++next;
  const char* const whole = next;
  next = std::find_if_not(next, end, is_digit);
  if (next == whole || (next - whole > 1 && *whole == '0')) return false;
  if (next == end) return true;
  return *next == '.' && next + 1 != end && std::find_if_not(next + 1, end, is_digit) == end;
}

/// A canonical number taken apart.
struct Canonical {
  std::string_view coefficient;
  std::int64_t magnitude = 0;  ///< exponent of the first digit
  int sign = 0;

  explicit Canonical(std::string_view text) {
    if (text == "0") return;
    sign = text.starts_with('-') ? -1 : 1;
    if (sign < 0) text.remove_prefix(1);
    const std::size_t e = text.find('e');
    coefficient = text.substr(0, e);
    const std::string_view exponent = text.substr(std::min(text.size(), coefficient.size() + 1));
    const char* const end = exponent.data() + exponent.size();
    const auto [parsed, error] = std::from_chars(exponent.data(), end, magnitude);
    if (coefficient.empty() || error != std::errc{} || parsed != end)
      throw Error{Error::Kind::bug, "number is not canonical"};
    magnitude += static_cast<std::int64_t>(coefficient.size());
  }
};

std::strong_ordering compare_magnitudes(const Canonical& a, const Canonical& b) noexcept {
  if (a.magnitude != b.magnitude) return a.magnitude <=> b.magnitude;
  return a.coefficient <=> b.coefficient;
}

}  // namespace

void append_canonical_number(std::string& out, std::string_view text) {
  const Decimal decimal = parse(text);
  if (decimal.count == 0) {
    out += '0';
    return;
  }
  if (decimal.negative) out += '-';
  out += decimal.coefficient();
  out += 'e';
  out += std::to_string(decimal.exponent);
}

// A number of so few digits is within all limits.
bool is_short_json_number(std::string_view text) noexcept {
  return text.size() <= kDigitsMax && is_plain(text);
}

void append_json_number(std::string& out, std::string_view text) {
  const bool plain = is_plain(text);
  if (!is_short_json_number(text)) parse(text);
  if (plain)
    out += text;
  else
    append_canonical_number(out, text);
}

std::string plain_number(std::string_view canonical) {
  constexpr std::int64_t kDigitsMax = 40;
  if (canonical == "0") return "0";
  const std::string_view sign = canonical.substr(0, canonical.starts_with('-') ? 1 : 0);
  const std::size_t e = canonical.find('e');
  std::string digits{canonical.substr(sign.size(), e - sign.size())};
  std::int64_t exponent = 0;
  std::from_chars(canonical.data() + e + 1, canonical.data() + canonical.size(), exponent);
  const std::int64_t whole = std::ssize(digits) + exponent;  // digits before the point
  if (whole > kDigitsMax || -exponent > kDigitsMax) return std::string{canonical};
  if (exponent >= 0)
    return std::string{sign} + digits + std::string(static_cast<std::size_t>(exponent), '0');
  if (whole <= 0)
    return std::string{sign} + "0." + std::string(static_cast<std::size_t>(-whole), '0') + digits;
  return std::string{sign} + digits.substr(0, static_cast<std::size_t>(whole)) + "." +
         digits.substr(static_cast<std::size_t>(whole));
}

std::strong_ordering compare_canonical_numbers(std::string_view a, std::string_view b) {
  const Canonical x{a};
  const Canonical y{b};
  if (x.sign != y.sign) return x.sign <=> y.sign;
  return x.sign < 0 ? compare_magnitudes(y, x) : compare_magnitudes(x, y);
}

}  // namespace dynamite
