#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pg/binary.hpp"

/// Whether a value fits a column of another type, and what it is there. It fits if PostgreSQL takes
/// it and gives it back equal as that type, whatever the session's settings are; otherwise the
/// result is absent. `number`: the text of DynamoDB's type N, in any form that clients write; what
/// DynamoDB cannot hold does not fit. `text`: a string without JSON's escapes.
namespace dynamite {

/// What a number counts that becomes a timestamptz: since 1970.
enum class TimeUnit : std::uint8_t { none, s, ms, us };

/// A whole number: 1, `1.0`, `1e0`.
std::optional<std::int64_t> bigint_of_number(std::string_view number) noexcept;
std::optional<std::int32_t> integer_of_number(std::string_view number) noexcept;
/// A whole number as PostgreSQL writes it: `-7`; neither `007` nor `-0`.
std::optional<std::int64_t> bigint_of_text(std::string_view text) noexcept;
std::optional<std::int32_t> integer_of_text(std::string_view text) noexcept;

/// A number that PostgreSQL writes for its double: `0.1`, but neither 2^53 + 1 nor 1e23, which is
/// in the middle between two doubles. What is too large or too small for a double does not fit.
std::optional<double> double_of_number(std::string_view number) noexcept;
/// The same for a text that is a JSON number.
std::optional<double> double_of_text(std::string_view text) noexcept;

/// Every number of DynamoDB. `digits` is overwritten; it must live, unchanged, as long as the
/// result, as must `number`.
std::optional<pg::Decimal> numeric_of_number(std::string_view number, std::string& digits);
/// A JSON number without an exponent, of at most 1,000 digits, with all its zeros: `12.50`. `-0`
/// does not fit.
std::optional<pg::Decimal> numeric_of_text(std::string_view text, std::string& digits);

/// Microseconds since 1970 of `YYYY-MM-DDThh:mm:ss`, or with a space for T; with up to nine digits
/// of a fraction, of which those behind the sixth must be 0; and with `Z`, `z`, `±hh:mm`, `±hhmm`
/// or `±hh` of at most 15:59. Years are 0001 to 9999.
std::optional<std::int64_t> timestamptz_of_text(std::string_view text) noexcept;
/// Microseconds since 1970, a whole number of them, from -210,866,803,200,000,000 (4713 BC, the
/// first moment of PostgreSQL's timestamp.h) to the last of 64 bits (January of 294247; PostgreSQL,
/// which counts from 2000 on, ends 30 years later).
std::optional<std::int64_t> timestamptz_of_number(std::string_view number, TimeUnit unit) noexcept;

/// Days since 1970 of `YYYY-MM-DD`, years 0001 to 9999.
std::optional<std::int32_t> date_of_text(std::string_view text) noexcept;

/// The bytes of 32 hexadecimal digits, of either case. A hyphen may stand behind every fourth but
/// the last, braces around all.
std::optional<std::array<unsigned char, 16>> uuid_of_text(std::string_view text) noexcept;

/// Whether PostgreSQL's text can hold it: all but U+0000.
bool fits_text(std::string_view text) noexcept;

}  // namespace dynamite
