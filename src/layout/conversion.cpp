#include "layout/conversion.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "core/number.hpp"

namespace dynamite {
namespace {

/// All of `text` as an integer: digits, perhaps behind a minus sign.
template <class Integer>
std::optional<Integer> parse_digits(std::string_view text) noexcept {
  Integer integer{};
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, integer);
  if (error != std::errc{} || parsed != end) return {};
  return integer;
}

/// `number` * 10^`shift`.
template <class Integer>
std::optional<Integer> whole(const ParsedNumber& number, std::int64_t shift = 0) noexcept {
  constexpr auto kDigitsMax = std::numeric_limits<Integer>::digits10 + 1;
  const std::int64_t zeros = number.exponent + shift;
  if (number.count == 0) return 0;
  if (zeros < 0 || number.magnitude() + shift >= kDigitsMax) return {};
  std::array<char, 1 + kDigitsMax> text{'-'};
  char* const end = std::ranges::copy(number.coefficient(), text.data() + 1).out;
  std::fill_n(end, zeros, '0');
  const char* const begin = text.data() + (number.negative ? 0 : 1);
  return parse_digits<Integer>({begin, end + zeros});
}

template <class Integer>
std::optional<Integer> integer_of(std::string_view number) noexcept {
  if (const auto integer = parse_digits<Integer>(number)) return integer;
  const std::optional<ParsedNumber> parsed = parse_dynamodb_number(number);
  return parsed ? whole<Integer>(*parsed) : std::nullopt;
}

template <class Integer>
std::optional<Integer> integer_as_written(std::string_view text) noexcept {
  if (!is_plain_number(text) || text == "-0") return {};
  return parse_digits<Integer>(text);
}

/// Of at most 17 digits.
double nearest_double(const ParsedNumber& number) noexcept {
  std::array<char, 32> text{'-'};
  char* end = std::ranges::copy(number.coefficient(), text.data() + 1).out;
  *end++ = 'e';
  end = std::to_chars(end, text.data() + text.size(), number.exponent).ptr;
  double nearest = 0;
  std::from_chars(text.data() + (number.negative ? 0 : 1), end, nearest);
  return nearest;
}

/// Whether `number`, of at most 17 digits, is in the middle between two doubles: then it has 54
/// bits, of which the last is set, and any power of two.
bool is_between_doubles(const ParsedNumber& number) noexcept {
  constexpr int kBits = 54;
  std::uint64_t odd = 0;
  for (const char digit : number.coefficient()) odd = odd * 10 + static_cast<unsigned>(digit - '0');
  odd >>= static_cast<unsigned>(std::countr_zero(odd));
  for (std::int64_t fives = number.exponent; fives < 0; ++fives) {
    if (odd % 5 != 0) return false;
    odd /= 5;
  }
  for (std::int64_t fives = number.exponent; fives > 0; --fives) {
    if (std::bit_width(odd) > kBits) return false;
    odd *= 5;
  }
  return std::bit_width(odd) == kBits;
}

/// The number of so many digits that is nearest to `value`.
ParsedNumber rounded(double value, std::size_t digits) noexcept {
  std::array<char, 32> text;
  char* const end = std::to_chars(text.data(), text.data() + text.size(), value,
                                  std::chars_format::scientific, static_cast<int>(digits) - 1)
                        .ptr;
  return parse_number({text.data(), end}).value_or(ParsedNumber{});
}

/// Whether `number` is what PostgreSQL writes for `value`, its nearest double: of the numbers with
/// the fewest digits for which there is no other nearest double, the one that is nearest to it.
bool is_shortest(const ParsedNumber& number, double value) noexcept {
  const ParsedNumber nearest = rounded(value, number.count);
  if (nearest.exponent != number.exponent || nearest.coefficient() != number.coefficient())
    return false;
  if (number.count == 1) return true;
  const ParsedNumber shorter = rounded(value, number.count - 1);
  return nearest_double(shorter) != value || is_between_doubles(shorter);
}

std::optional<double> double_of(const ParsedNumber& number) noexcept {
  constexpr std::size_t kAlwaysShortest = 15;  // digits of normal numbers
  constexpr std::int64_t kNormalMagnitude = 300;
  using Double = std::numeric_limits<double>;
  if (number.count == 0) return number.negative ? -0.0 : 0.0;
  const std::int64_t magnitude = std::abs(number.magnitude());
  if (number.count > Double::max_digits10 || magnitude > 2 * kNormalMagnitude) return {};
  if (is_between_doubles(number)) return {};
  const double value = nearest_double(number);
  if (number.count <= kAlwaysShortest && magnitude <= kNormalMagnitude) return value;
  if (value == 0 || !std::isfinite(value) || !is_shortest(number, value)) return {};
  return value;
}

bool is_json_number(std::string_view text) noexcept {
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  if (!is_plain_number(text.substr(0, e))) return false;
  if (e == text.size()) return true;
  std::string_view exponent = text.substr(e + 1);
  if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
  return !exponent.empty() && exponent.find_first_not_of("0123456789") == exponent.npos;
}

pg::Decimal decimal_of_plain(std::string_view number, std::string& digits) {
  pg::Decimal decimal{.digits = number, .exponent = 0, .negative = number.starts_with('-')};
  if (decimal.negative) decimal.digits.remove_prefix(1);
  const std::size_t point = decimal.digits.find('.');
  if (point == decimal.digits.npos) return decimal;
  const std::string_view behind = decimal.digits.substr(point + 1);
  digits.assign(decimal.digits, 0, point).append(behind);
  return {.digits = digits, .exponent = -std::ssize(behind), .negative = decimal.negative};
}

bool take_any_of(std::string_view& text, std::string_view characters) noexcept {
  const bool taken = !text.empty() && characters.find(text.front()) != characters.npos;
  if (taken) text.remove_prefix(1);
  return taken;
}

/// Two digits of at most `max`, behind one of the characters `before`, if there are any.
std::optional<int> take_pair(std::string_view& text, std::string_view before, int max) noexcept {
  if (!before.empty() && !take_any_of(text, before)) return {};
  const std::optional<int> pair = take_digits(text, 2);
  return pair && *pair <= max ? pair : std::nullopt;
}

std::optional<std::int32_t> take_date(std::string_view& text) noexcept {
  const auto year = take_digits(text, 4);
  const auto month = year ? take_pair(text, "-", 12) : std::nullopt;
  const auto day = month ? take_pair(text, "-", 31) : std::nullopt;
  if (!day || *year == 0) return {};
  const auto date = std::chrono::year{*year} / *month / *day;
  if (!date.ok()) return {};
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

/// Microseconds of `.123456`; 0 of nothing.
std::optional<std::int64_t> take_fraction(std::string_view& text) noexcept {
  constexpr std::size_t kMicrosDigits = 6, kDigitsMax = 9;
  if (!take_any_of(text, ".")) return 0;
  const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
  if (size == 0 || size > kDigitsMax) return {};
  std::int64_t micros = 0;
  for (std::size_t place = 0; place < std::max(size, kMicrosDigits); ++place) {
    const int digit = place < size ? text[place] - '0' : 0;
    if (place < kMicrosDigits)
      micros = micros * 10 + digit;
    else if (digit != 0)
      return {};
  }
  text.remove_prefix(size);
  return micros;
}

/// Minutes of `Z`, `+hh:mm`, `-hhmm`, `+hh`, all of `text`.
std::optional<int> offset_of(std::string_view text) noexcept {
  constexpr int kHoursMax = 15;
  if (text == "Z" || text == "z") return 0;
  const bool west = text.starts_with('-');
  const auto hours = take_pair(text, "+-", kHoursMax);
  if (!hours) return {};
  const auto minutes = text.empty() ? 0 : take_pair(text, text.front() == ':' ? ":" : "", 59);
  if (!minutes || !text.empty()) return {};
  return (west ? -1 : 1) * (*hours * 60 + *minutes);
}

/// The value of a hexadecimal digit, -1 of another character.
int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::int64_t> bigint_of_number(std::string_view number) noexcept {
  return integer_of<std::int64_t>(number);
}

std::optional<std::int32_t> integer_of_number(std::string_view number) noexcept {
  return integer_of<std::int32_t>(number);
}

std::optional<std::int64_t> bigint_of_text(std::string_view text) noexcept {
  return integer_as_written<std::int64_t>(text);
}

std::optional<std::int32_t> integer_of_text(std::string_view text) noexcept {
  return integer_as_written<std::int32_t>(text);
}

std::optional<double> double_of_number(std::string_view number) noexcept {
  const std::optional<ParsedNumber> parsed = parse_dynamodb_number(number);
  return parsed ? double_of(*parsed) : std::nullopt;
}

std::optional<double> double_of_text(std::string_view text) noexcept {
  if (!is_json_number(text)) return {};
  const std::optional<ParsedNumber> parsed = parse_number(text);
  return parsed ? double_of(*parsed) : std::nullopt;
}

std::optional<pg::Decimal> numeric_of_number(std::string_view number, std::string& digits) {
  if (is_short_json_number(number)) return decimal_of_plain(number, digits);
  const std::optional<ParsedNumber> parsed = parse_dynamodb_number(number);
  if (!parsed) return {};
  digits = parsed->coefficient();
  return pg::Decimal{.digits = digits, .exponent = parsed->exponent, .negative = parsed->negative};
}

std::optional<pg::Decimal> numeric_of_text(std::string_view text, std::string& digits) {
  constexpr std::size_t kDigitsMax = 1'000;
  if (!is_plain_number(text)) return {};
  if (text.starts_with('-') && text.find_first_of("123456789") == text.npos) return {};
  const pg::Decimal decimal = decimal_of_plain(text, digits);
  if (decimal.digits.size() > kDigitsMax) return {};
  return decimal;
}

std::optional<std::int64_t> timestamptz_of_text(std::string_view text) noexcept {
  constexpr std::int64_t kMicros = 1'000'000;
  const auto day = take_date(text);
  const auto hour = day ? take_pair(text, "T ", 23) : std::nullopt;
  const auto minute = hour ? take_pair(text, ":", 59) : std::nullopt;
  const auto second = minute ? take_pair(text, ":", 59) : std::nullopt;
  const auto fraction = second ? take_fraction(text) : std::nullopt;
  const auto offset = fraction ? offset_of(text) : std::nullopt;
  if (!offset) return {};
  const std::int64_t minutes = (std::int64_t{*day} * 24 + *hour) * 60 + *minute - *offset;
  return (minutes * 60 + *second) * kMicros + *fraction;
}

std::optional<std::int64_t> timestamptz_of_number(std::string_view number, TimeUnit unit) noexcept {
  constexpr std::int64_t kFirst = -210'866'803'200'000'000;
  if (unit == TimeUnit::none) return {};
  const std::optional<ParsedNumber> parsed = parse_dynamodb_number(number);
  if (!parsed) return {};
  const auto micros = whole<std::int64_t>(*parsed, unit == TimeUnit::s    ? 6
                                                   : unit == TimeUnit::ms ? 3
                                                                          : 0);
  return micros && *micros >= kFirst ? micros : std::nullopt;
}

std::optional<std::int32_t> date_of_text(std::string_view text) noexcept {
  const auto day = take_date(text);
  return text.empty() ? day : std::nullopt;
}

std::optional<std::array<unsigned char, 16>> uuid_of_text(std::string_view text) noexcept {
  const bool braces = text.starts_with('{');
  if (braces && !text.ends_with('}')) return {};
  if (braces) text = text.substr(1, text.size() - 2);
  std::array<unsigned char, 16> uuid{};
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i > 0 && i % 2 == 0) take_any_of(text, "-");
    if (text.size() < 2) return {};
    const int high = hex_value(text[0]);
    const int low = hex_value(text[1]);
    if (high < 0 || low < 0) return {};
    uuid[i] = static_cast<unsigned char>(high * 16 + low);
    text.remove_prefix(2);
  }
  return text.empty() ? std::optional{uuid} : std::nullopt;
}

bool fits_text(std::string_view text) noexcept { return text.find('\0') == text.npos; }

}  // namespace dynamite
