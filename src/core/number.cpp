#include "core/number.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "core/error.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kDigitsMax = ParsedNumber::kDigitsMax;
constexpr std::int64_t kMagnitudeMin = -130;
constexpr std::int64_t kMagnitudeMax = 125;
// Beyond any exponent that the digits of a text could make up for, far below overflow.
constexpr std::int64_t kExponentMax = 1'000'000'000'000;
// PostgreSQL's numeric keeps at most 16,383 digits behind the point, zeros included. DynamoDB
// writes at most 170 characters.
constexpr std::size_t kPlainLengthMax = 256;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

class NumberReader {
 public:
  explicit NumberReader(std::string_view text) : rest_{text} {}

  /// What is wrong with the text; null if it is a number.
  const char* read() noexcept {
    number.negative = take_sign();
    std::size_t taken = take_digits();
    if (take_any_of(".")) {
      const std::size_t behind_point = take_digits();
      taken += behind_point;
      number.exponent -= static_cast<std::int64_t>(behind_point);
    }
    if (has_too_many_digits_) return "has more than 38 significant digits";
    if (taken == 0 || (take_any_of("eE") && !take_exponent()) || !rest_.empty())
      return "is not decimal";
    number.exponent = number.count == 0 ? 0 : number.exponent + static_cast<std::int64_t>(zeros_);
    return nullptr;
  }

  ParsedNumber number;

 private:
  bool take_any_of(std::string_view characters) noexcept {
    const bool taken = !rest_.empty() && characters.find(rest_.front()) != characters.npos;
    if (taken) rest_.remove_prefix(1);
    return taken;
  }

  bool take_sign() noexcept {
    const bool negative = rest_.starts_with('-');
    take_any_of("+-");
    return negative;
  }

  std::size_t take_digits() noexcept {
    std::size_t taken = 0;
    for (; taken < rest_.size() && is_digit(rest_[taken]); ++taken) add(rest_[taken]);
    rest_.remove_prefix(taken);
    return taken;
  }

  void add(char digit) noexcept {
    if (digit == '0') {
      if (number.count > 0) ++zeros_;
      return;
    }
    has_too_many_digits_ |= number.count + zeros_ >= kDigitsMax;
    if (has_too_many_digits_) return;
    std::fill_n(number.digits.begin() + static_cast<std::ptrdiff_t>(number.count), zeros_, '0');
    number.count += zeros_;
    zeros_ = 0;
    number.digits[number.count++] = digit;
  }

  bool take_exponent() noexcept {
    const bool negative = take_sign();
    std::int64_t exponent = 0;
    std::size_t taken = 0;
    for (; taken < rest_.size() && is_digit(rest_[taken]); ++taken)
      exponent = std::min(kExponentMax, exponent * 10 + (rest_[taken] - '0'));
    rest_.remove_prefix(taken);
    number.exponent += negative ? -exponent : exponent;
    return taken > 0;
  }

  std::string_view rest_;
  std::size_t zeros_ = 0;  // not yet known to be inner zeros
  bool has_too_many_digits_ = false;
};

[[noreturn]] void fail(const char* why) {
  throw Error{Error::Kind::poison, std::string{"number "} + why};
}

bool is_within_limits(const ParsedNumber& number) noexcept {
  return number.count == 0 ||
         (number.magnitude() >= kMagnitudeMin && number.magnitude() <= kMagnitudeMax);
}

ParsedNumber parse(std::string_view text) {
  NumberReader reader{text};
  if (const char* fault = reader.read()) fail(fault);
  if (!is_within_limits(reader.number)) fail("is not within 1E-130 and 9.99E+125");
  return reader.number;
}

bool is_plain(std::string_view text) noexcept {
  return text.size() <= kPlainLengthMax && is_plain_number(text);
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

std::optional<ParsedNumber> parse_number(std::string_view text) noexcept {
  NumberReader reader{text};
  if (reader.read()) return {};
  return reader.number;
}

std::optional<ParsedNumber> parse_dynamodb_number(std::string_view text) noexcept {
  std::optional<ParsedNumber> number = parse_number(text);
  if (number && !is_within_limits(*number)) number.reset();
  return number;
}

bool is_plain_number(std::string_view text) noexcept {
  const char* next = text.data();
  const char* const end = next + text.size();
  if (next != end && *next == '-') ++next;
  const char* const whole = next;
  next = std::find_if_not(next, end, is_digit);
  if (next == whole || (next - whole > 1 && *whole == '0')) return false;
  if (next == end) return true;
  return *next == '.' && next + 1 != end && std::find_if_not(next + 1, end, is_digit) == end;
}

std::optional<int> take_digits(std::string_view& text, std::size_t digits) noexcept {
  if (text.size() < digits) return {};
  int number = 0;
  for (const char c : text.substr(0, digits)) {
    if (!is_digit(c)) return {};
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return number;
}

void append_canonical_number(std::string& out, std::string_view text) {
  const ParsedNumber number = parse(text);
  if (number.count == 0) {
    out += '0';
    return;
  }
  if (number.negative) out += '-';
  out += number.coefficient();
  out += 'e';
  out += std::to_string(number.exponent);
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
