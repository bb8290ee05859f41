#include "decode/record_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>

#include "core/number.hpp"
#include "json/text.hpp"

namespace dynamite {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t kMicrosDigits = 6;
constexpr std::int64_t kSecondsDigitsMax = 11;
constexpr std::int64_t kNanosDigitsMax = 20;

/// Seconds as AWS writes them: digits, a point and at most six more; absent: written another way.
std::optional<Micros> parse_plain_seconds(std::string_view literal) {
  const std::size_t whole = std::min(literal.find('.'), literal.size());
  const std::size_t fraction = literal.size() - std::min(literal.size(), whole + 1);
  if (whole == 0 || whole > kSecondsDigitsMax || fraction > kMicrosDigits) return std::nullopt;
  std::int64_t micros = 0;
  for (std::size_t i = 0; i < whole + 1 + kMicrosDigits; ++i) {
    if (i == whole) continue;
    const char digit = i < literal.size() ? literal[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    micros = micros * 10 + (digit - '0');
  }
  return Micros{microseconds{micros}};
}

std::optional<Micros> parse_time_in_digits(std::string_view text) {
  if (const auto plain = parse_plain_seconds(text)) return plain;
  const std::optional<ParsedNumber> number = parse_dynamodb_number(text);
  if (!number) return std::nullopt;
  if (number->count == 0) return Micros{};
  if (number->negative) return std::nullopt;
  const std::int64_t whole = number->magnitude() + 1;  // digits before the point
  if (whole > kNanosDigitsMax) return std::nullopt;
  std::int64_t unit = 0;  // 0, 3, 6, 9: seconds to nanoseconds
  while (whole > kSecondsDigitsMax + unit) unit += 3;
  const std::int64_t digits = whole + kMicrosDigits - unit;
  if (digits <= 0) return Micros{};
  std::string all{number->coefficient()};
  all.resize(static_cast<std::size_t>(digits), '0');
  std::int64_t micros = 0;
  std::from_chars(all.data(), all.data() + all.size(), micros);
  return Micros{microseconds{micros}};
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// `HH:MM:SS`, and digits of a fraction.
std::optional<microseconds> take_clock(std::string_view& text) {
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes) return std::nullopt;
  const auto seconds = take(text, ":") ? take_digits(text, 2) : 0;
  if (!seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  std::int64_t micros = 0;
  if (take(text, ".") || take(text, ",")) {
    const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
    std::string fraction{text.substr(0, size)};
    fraction.resize(kMicrosDigits, '0');
    std::from_chars(fraction.data(), fraction.data() + fraction.size(), micros);
    text.remove_prefix(size);
  }
  return std::chrono::hours{*hours} + std::chrono::minutes{*minutes} +
         std::chrono::seconds{*seconds} + microseconds{micros};
}

/// What is left of a time: nothing, Z, GMT, UTC, `+01:00`, `-0330`, `+01`.
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
  while (take(text, " ")) continue;
  for (const std::string_view utc : {"", "Z", "z", "GMT", "UTC"})
    if (text == utc) return std::chrono::minutes{0};
  const int sign = take(text, "-") ? -1 : take(text, "+") ? 1 : 0;
  const auto hours = take_digits(text, 2);
  if (sign == 0 || !hours) return std::nullopt;
  take(text, ":");
  const auto minutes = text.empty() ? 0 : take_digits(text, 2);
  if (!minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (std::chrono::hours{*hours} + std::chrono::minutes{*minutes});
}

std::optional<Micros> moment(std::chrono::year_month_day date, std::string_view rest) {
  const auto clock = take_clock(rest);
  const auto offset = clock ? parse_offset(rest) : std::nullopt;
  if (!offset || !date.ok()) return std::nullopt;
  const Micros time = Micros{std::chrono::sys_days{date}} + *clock - *offset;
  return time < Micros{} ? std::nullopt : std::optional{time};
}

std::optional<Micros> parse_iso(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !(take(text, "T") || take(text, "t") || take(text, " "))) return std::nullopt;
  return moment(std::chrono::year{*year} / *month / *day, text);
}

std::optional<Micros> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (const auto comma = text.find(", "); comma != std::string_view::npos)
    text.remove_prefix(comma + 2);
  const std::size_t digits = text.size() > 1 && text[1] == ' ' ? 1 : 2;
  const auto day = take_digits(text, digits);
  if (!day || !take(text, " ") || text.size() < 4) return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(0, 3)) - kMonths.begin();
  text.remove_prefix(3);
  if (month == std::ssize(kMonths) || !take(text, " ")) return std::nullopt;
  const auto year = take_digits(text, 4);
  if (!year || !take(text, " ")) return std::nullopt;
  return moment(std::chrono::year{*year} / static_cast<unsigned>(month + 1) / *day, text);
}

}  // namespace

std::optional<Micros> parse_record_time(std::string_view value) {
  if (!value.starts_with('"')) return parse_time_in_digits(value);
  constexpr std::size_t kTextMax = 64;
  if (value.size() > kTextMax) return std::nullopt;
  std::string text;
  append_unescaped(text, value.substr(1, value.size() - 2));
  if (auto time = parse_iso(text)) return time;
  if (auto time = parse_http_date(text)) return time;
  return parse_time_in_digits(text);
}

}  // namespace dynamite
