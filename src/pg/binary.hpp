#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Values in PostgreSQL's binary format, as the `recv` function of each type reads them.
namespace dynamite::pg {

/// The bytes of an integer in network order.
template <class Integer>
Integer big_endian(Integer value) noexcept {
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof value == 8)
    return static_cast<Integer>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  else if constexpr (sizeof value == 4)
    return static_cast<Integer>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  else
    return static_cast<Integer>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
}

template <class Integer>
void append_big_endian(std::string& out, Integer value) {
  const Integer bytes = big_endian(value);
  out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
}

void store_int32(std::string& out, std::size_t at, std::int32_t value);

/// Begins a value behind its length. Returns the place of the length; end_value writes the length
/// there.
std::size_t begin_value(std::string& out);
void end_value(std::string& out, std::size_t length_at);

constexpr std::int64_t kMicrosTo2000 = 946'684'800'000'000;  // PostgreSQL counts from there
constexpr std::int32_t kDaysTo2000 = 10'957;

/// timestamptz; `micros`: microseconds since 1970.
inline void append_timestamp(std::string& out, std::int64_t micros) {
  append_big_endian(out, micros - kMicrosTo2000);
}

/// A number: decimal digits, and the power of ten that multiplies them. PostgreSQL shows as many
/// digits behind the point as `exponent` is below 0. Zero may have no digits.
struct Decimal {
  std::string_view digits;  ///< viewed; outer zeros are allowed
  std::int64_t exponent = 0;
  bool negative = false;
};

/// numeric. Layout: PostgreSQL's numeric.c, numeric_recv.
void append_numeric(std::string& out, const Decimal& number);

/// `number`: digits as core/number.hpp has them: `0`, or a coefficient without outer zeros, `e`
/// and the exponent, perhaps behind a minus sign. A view into `number`. Throws Error{bug} if it is
/// none.
Decimal canonical_decimal(std::string_view number);

}  // namespace dynamite::pg
