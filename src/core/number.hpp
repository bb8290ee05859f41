#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dynamite {

/// coefficient * 10^exponent; the coefficient has no outer zeros, and no digits at all for zero.
struct ParsedNumber {
  static constexpr std::size_t kDigitsMax = 38;

  std::array<char, kDigitsMax> digits;
  std::size_t count = 0;  ///< of digits
  std::int64_t exponent = 0;
  bool negative = false;

  std::string_view coefficient() const noexcept { return {digits.data(), count}; }
  /// The power of ten of the first digit; zero has none.
  std::int64_t magnitude() const noexcept {
    return exponent + static_cast<std::int64_t>(count) - 1;
  }
};

/// Absent if `text` is not a decimal number of at most 38 significant digits. `+3`, `.5`, `5.`,
/// `007` and `1E2` are numbers.
std::optional<ParsedNumber> parse_number(std::string_view text) noexcept;

/// The same for a number that DynamoDB can hold; see append_canonical_number.
std::optional<ParsedNumber> parse_dynamodb_number(std::string_view text) noexcept;

/// Whether `text` is a JSON number without an exponent: `0`, `-1.50`.
bool is_plain_number(std::string_view text) noexcept;

/// Takes a whole number of exactly `digits` digits, of which there are at most nine, from the front
/// of `text`. Absent if there is another character among them.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) noexcept;

/// Appends DynamoDB number `text` in canonical form: sign, coefficient without leading or trailing
/// zeros, 'e', exponent; "0" for zero. `1`, `1.0` and `1e0` all become "1e0"; `-1.50` "-15e-1".
/// PostgreSQL's numeric reads this form. Throws Error{poison} if `text` is not a decimal number of
/// at most 38 significant digits with a magnitude of 1E-130 to 9.99…E+125, or zero.
void append_canonical_number(std::string& out, std::string_view text);

/// Appends `text` as a JSON number. Plain JSON numbers keep their digits; other forms that
/// DynamoDB's clients write (`+3`, `.5`, `007`) become the same value in canonical form.
/// Throws as append_canonical_number does.
void append_json_number(std::string& out, std::string_view text);

/// Whether append_json_number appends `text` as it is. It does so for most numbers.
bool is_short_json_number(std::string_view text) noexcept;

/// A canonical number as people write it, "13" of "13e0", unless that takes more than 40 digits.
std::string plain_number(std::string_view canonical);

/// Orders two canonical numbers by value.
std::strong_ordering compare_canonical_numbers(std::string_view a, std::string_view b);

}  // namespace dynamite
