#include "pg/copy_data.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "core/error.hpp"

namespace dynamite::pg {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "PGCOPY\n\377\r\n\0"sv;
constexpr std::int16_t kTrailer = -1;
constexpr std::int32_t kNull = -1;
constexpr char kJsonbVersion = 1;
constexpr std::int64_t kMicrosTo2000 = 946'684'800'000'000;  // PostgreSQL counts from there

constexpr std::int64_t kGroupDigits = 4;  // of a decimal digit of base 10,000
constexpr std::int16_t kPositive = 0x0000;
constexpr std::int16_t kNegative = 0x4000;

[[noreturn]] void fail_number() { throw Error{Error::Kind::bug, "number is not canonical"}; }

struct Decimal {
  std::string_view coefficient;
  std::int64_t exponent = 0;
  bool negative = false;
};

Decimal parse(std::string_view number) {
  Decimal decimal;
  if (number == "0") return decimal;
  decimal.negative = number.starts_with('-');
  if (decimal.negative) number.remove_prefix(1);
  const std::size_t e = std::min(number.find('e'), number.size());
  decimal.coefficient = number.substr(0, e);
  const std::string_view exponent = number.substr(std::min(e + 1, number.size()));
  const char* const end = exponent.data() + exponent.size();
  const auto [parsed, error] = std::from_chars(exponent.data(), end, decimal.exponent);
  const bool digits =
      std::ranges::all_of(decimal.coefficient, [](char c) { return c >= '0' && c <= '9'; });
  if (decimal.coefficient.empty() || !digits || error != std::errc{} || parsed != end)
    fail_number();
  return decimal;
}

std::int64_t floor_divided(std::int64_t value, std::int64_t by) {
  return value >= 0 ? value / by : -((-value + by - 1) / by);
}

}  // namespace

CopyData::CopyData() {
  data_ = kSignature;
  append_big_endian(std::int32_t{0});  // flags
  append_big_endian(std::int32_t{0});  // length of the header's extension
}

template <class Integer>
void CopyData::append_big_endian(Integer value) {
  static_assert(std::endian::native == std::endian::little);
  std::array<char, sizeof value> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  std::ranges::reverse(bytes);
  data_.append(bytes.data(), bytes.size());
}

void CopyData::begin_row(std::int16_t fields) {
  row_ = data_.size();
  append_big_endian(fields);
  ++rows_;
}

void CopyData::undo_row() {
  data_.resize(row_);
  --rows_;
}

void CopyData::append_null() { append_big_endian(kNull); }

void CopyData::append_bytes(std::string_view bytes) {
  append_big_endian(static_cast<std::int32_t>(bytes.size()));
  data_ += bytes;
}

void CopyData::append_int32(std::int32_t value) {
  append_big_endian(static_cast<std::int32_t>(sizeof value));
  append_big_endian(value);
}

void CopyData::append_timestamp(std::int64_t micros) {
  append_big_endian(static_cast<std::int32_t>(sizeof micros));
  append_big_endian(micros - kMicrosTo2000);
}

void CopyData::append_jsonb(std::string_view json) {
  begin_jsonb();
  data_ += json;
  end_jsonb();
}

void CopyData::begin_jsonb() {
  field_ = data_.size();
  append_big_endian(std::int32_t{0});
  data_ += kJsonbVersion;
}

void CopyData::end_jsonb() {
  const std::size_t size = data_.size() - field_ - sizeof(std::int32_t);
  const auto big_endian = __builtin_bswap32(static_cast<std::uint32_t>(size));
  std::memcpy(data_.data() + field_, &big_endian, sizeof big_endian);
}

// Four words, number of groups, weight of the first, sign, digits behind the point; then the
// groups. numeric.c, numeric_recv.
void CopyData::append_numeric(std::string_view number) {
  const auto [coefficient, exponent, negative] = parse(number);
  const auto digits = static_cast<std::int64_t>(coefficient.size());
  const std::int64_t magnitude = digits - 1 + exponent;  // power of ten of the first digit
  const std::int64_t weight = floor_divided(magnitude, kGroupDigits);
  const std::int64_t first = magnitude - weight * kGroupDigits + 1;  // digits in the first group
  const std::int64_t groups =
      digits == 0 ? 0
                  : 1 + std::max<std::int64_t>(0, digits - first + kGroupDigits - 1) / kGroupDigits;
  constexpr std::int64_t kWords = 4;
  append_big_endian(static_cast<std::int32_t>((kWords + groups) * 2));
  append_big_endian(static_cast<std::int16_t>(groups));
  append_big_endian(static_cast<std::int16_t>(digits == 0 ? 0 : weight));
  append_big_endian(negative ? kNegative : kPositive);
  append_big_endian(static_cast<std::int16_t>(std::max<std::int64_t>(0, -exponent)));
  std::int64_t next = first - kGroupDigits;  // of the group's first digit; before 0 are zeros
  for (std::int64_t group = 0; group < groups; ++group) {
    int value = 0;
    for (std::int64_t i = 0; i < kGroupDigits; ++i, ++next)
      value = value * 10 +
              (next >= 0 && next < digits ? coefficient[static_cast<std::size_t>(next)] - '0' : 0);
    append_big_endian(static_cast<std::int16_t>(value));
  }
}

void CopyData::finish() { append_big_endian(kTrailer); }

}  // namespace dynamite::pg
