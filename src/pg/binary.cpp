#include "pg/binary.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/error.hpp"

namespace dynamite::pg {
namespace {

constexpr std::int64_t kGroupDigits = 4;  // of a decimal digit of base 10,000
constexpr std::int16_t kPositive = 0x0000;
constexpr std::int16_t kNegative = 0x4000;

std::int64_t floor_divided(std::int64_t value, std::int64_t by) {
  return value >= 0 ? value / by : -((-value + by - 1) / by);
}

/// `digits`, with zeros behind them up to `width`.
std::int64_t group_of(std::string_view digits, std::int64_t width) {
  if (std::ssize(digits) == kGroupDigits)
    return digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3] - '0' * 1111;
  std::int64_t value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  for (auto zeros = width - std::ssize(digits); zeros > 0; --zeros) value *= 10;
  return value;
}

[[noreturn]] void fail_number() { throw Error{Error::Kind::bug, "number is not canonical"}; }

}  // namespace

void store_int32(std::string& out, std::size_t at, std::int32_t value) {
  const std::int32_t bytes = big_endian(value);
  std::memcpy(out.data() + at, &bytes, sizeof bytes);
}

std::size_t begin_value(std::string& out) {
  append_big_endian(out, std::int32_t{0});
  return out.size() - sizeof(std::int32_t);
}

void end_value(std::string& out, std::size_t length_at) {
  store_int32(out, length_at,
              static_cast<std::int32_t>(out.size() - length_at - sizeof(std::int32_t)));
}

// Four words, number of groups, weight of the first, sign, digits behind the point; then the
// groups.
void append_numeric(std::string& out, const Decimal& number) {
  const std::int64_t digits = std::ssize(number.digits);
  const std::int64_t magnitude = digits - 1 + number.exponent;  // power of ten of the first digit
  const std::int64_t weight = floor_divided(magnitude, kGroupDigits);
  const std::int64_t first = magnitude - weight * kGroupDigits + 1;  // digits in the first group
  const std::int64_t behind = std::max<std::int64_t>(0, digits - first);
  const std::int64_t groups = digits == 0 ? 0 : 1 + (behind + kGroupDigits - 1) / kGroupDigits;
  const std::size_t begin = out.size();
  out.resize(begin + static_cast<std::size_t>(4 + groups) * sizeof(std::int16_t));
  char* word = out.data() + begin;
  const auto put = [&](std::int64_t value) {
    const std::int16_t bytes = big_endian(static_cast<std::int16_t>(value));
    word = std::copy_n(reinterpret_cast<const char*>(&bytes), sizeof bytes, word);
  };
  put(groups);
  put(digits == 0 ? 0 : weight);
  put(number.negative ? kNegative : kPositive);
  put(std::max<std::int64_t>(0, -number.exponent));
  std::string_view rest = number.digits;
  for (std::int64_t width = first; !rest.empty(); width = kGroupDigits) {
    const std::string_view group = rest.substr(0, static_cast<std::size_t>(width));
    put(group_of(group, width));
    rest.remove_prefix(group.size());
  }
}

Decimal canonical_decimal(std::string_view number) {
  Decimal decimal;
  if (number == "0") return decimal;
  decimal.negative = number.starts_with('-');
  if (decimal.negative) number.remove_prefix(1);
  const std::size_t e = std::min(number.find('e'), number.size());
  decimal.digits = number.substr(0, e);
  const std::string_view exponent = number.substr(std::min(e + 1, number.size()));
  const char* const end = exponent.data() + exponent.size();
  const auto [parsed, error] = std::from_chars(exponent.data(), end, decimal.exponent);
  const bool digits =
      std::ranges::all_of(decimal.digits, [](char c) { return c >= '0' && c <= '9'; });
  if (decimal.digits.empty() || !digits || error != std::errc{} || parsed != end) fail_number();
  return decimal;
}

}  // namespace dynamite::pg
