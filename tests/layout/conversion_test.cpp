#include "layout/conversion.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace dynamite {
namespace {

using namespace std::string_view_literals;

constexpr std::int64_t kMicros = 1'000'000;

TEST(BigintOfNumber, IsAWholeNumberInAnyForm) {
  for (const char* number : {"1000", "1e3", "1E+3", "1000.0", "10.00e2", "+1000", "01000"})
    EXPECT_EQ(bigint_of_number(number), 1000) << number;
  EXPECT_EQ(bigint_of_number("-12E2"), -1200);
  for (const char* zero : {"0", "-0", "0.00", "0e5"}) EXPECT_EQ(bigint_of_number(zero), 0) << zero;
  for (const char* number : {"1.5", "1e-1", "-0.1", "1e126", "", "-", "x", "1x"})
    EXPECT_EQ(bigint_of_number(number), std::nullopt) << number;
}

TEST(BigintOfNumber, HasTheRangeOf64Bits) {
  constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHighest = std::numeric_limits<std::int64_t>::max();

  EXPECT_EQ(bigint_of_number("9223372036854775807"), kHighest);
  EXPECT_EQ(bigint_of_number("9223372036854775807.0"), kHighest);
  EXPECT_EQ(bigint_of_number("-9223372036854775808"), kLowest);
  EXPECT_EQ(bigint_of_number("-922337203685477580.8e1"), kLowest);
  EXPECT_EQ(bigint_of_number("1e18"), 1'000'000'000'000'000'000);
  for (const char* number : {"9223372036854775808", "-9223372036854775809", "1e19",
                             "9223372036854775808.0", "1e125", "99999999999999999999999999"})
    EXPECT_EQ(bigint_of_number(number), std::nullopt) << number;
}

TEST(IntegerOfNumber, HasTheRangeOf32Bits) {
  EXPECT_EQ(integer_of_number("2147483647"), 2'147'483'647);
  EXPECT_EQ(integer_of_number("-2.147483648e9"), std::numeric_limits<std::int32_t>::min());
  for (const char* number : {"2147483648", "-2147483649", "2147483648.0", "1e10"})
    EXPECT_EQ(integer_of_number(number), std::nullopt) << number;
}

TEST(BigintOfText, IsWhatPostgresqlWrites) {
  EXPECT_EQ(bigint_of_text("0"), 0);
  EXPECT_EQ(bigint_of_text("-70"), -70);
  EXPECT_EQ(bigint_of_text("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(integer_of_text("-2147483648"), std::numeric_limits<std::int32_t>::min());
  for (const char* text : {"", "-", "-0", "00", "07", "+7", " 7", "7 ", "7.0", "7e0", "0x7",
                           "7_000", "9223372036854775808"})
    EXPECT_EQ(bigint_of_text(text), std::nullopt) << text;
  EXPECT_EQ(integer_of_text("2147483648"), std::nullopt);
}

TEST(DoubleOfNumber, FitsIfPostgresqlWritesItForTheDouble) {
  EXPECT_EQ(double_of_number("0.1"), 0.1);
  EXPECT_EQ(double_of_number("+.10"), 0.1);
  EXPECT_EQ(double_of_number("-1.5e10"), -1.5e10);
  EXPECT_EQ(double_of_number("0"), 0.0);
  EXPECT_EQ(double_of_number("9007199254740992"), 9007199254740992.0);
  EXPECT_EQ(double_of_number("9007199254740993"), std::nullopt);  // 2^53 + 1
  EXPECT_EQ(double_of_number("0.30000000000000004"), 0.1 + 0.2);
  EXPECT_EQ(double_of_number("0.30000000000000005"), std::nullopt);
  EXPECT_EQ(double_of_number("1e125"), 1e125);
  EXPECT_EQ(double_of_number("1e-130"), 1e-130);
  EXPECT_EQ(double_of_number("3.1415926535897932384626433832795028842"), std::nullopt);
  EXPECT_EQ(double_of_number("1e126"), std::nullopt);  // no number of DynamoDB
  EXPECT_EQ(double_of_number("inf"), std::nullopt);
}

// Rounding to an even last bit would read them back, but PostgreSQL writes another text.
TEST(DoubleOfNumber, DoesNotFitInTheMiddleBetweenTwoDoubles) {
  for (const char* number : {"1e23", "9007199254740993", "4503599627370497.5", "18014398509481986"})
    EXPECT_EQ(double_of_number(number), std::nullopt) << number;
  EXPECT_EQ(double_of_number("9.999999999999999e22"), 1e23);
  EXPECT_EQ(double_of_number("1e22"), 1e22);
  EXPECT_EQ(double_of_number("32216498172380208"),
            32216498172380208.0);  // not 3.221649817238021e16
  EXPECT_EQ(double_of_number("3.221649817238021e16"), std::nullopt);
}

TEST(DoubleOfText, HasTheRangeOfADouble) {
  EXPECT_EQ(double_of_text("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_EQ(double_of_text("-2.2250738585072014E-308"), -std::numeric_limits<double>::min());
  EXPECT_EQ(double_of_text("5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(double_of_text("1e300"), 1e300);
  for (const char* text : {"1.7976931348623159e308", "1e309", "-1e999999999999999", "1e-324",
                           "4e-324", "1e-999999999999999"})
    EXPECT_EQ(double_of_text(text), std::nullopt) << text;
}

TEST(DoubleOfText, IsAJsonNumber) {
  EXPECT_EQ(double_of_text("-0"), 0.0);
  EXPECT_EQ(double_of_text("1.50"), 1.5);
  EXPECT_EQ(double_of_text("1E+2"), 100.0);
  for (const char* text : {"", "+1", ".5", "5.", "01", "1e", "1e+", "e1", "1e1.0", " 1", "1 ",
                           "inf", "NaN", "Infinity", "0x10"})
    EXPECT_EQ(double_of_text(text), std::nullopt) << text;
}

/// digits, `e`, exponent
std::string shown(const std::optional<pg::Decimal>& decimal) {
  if (!decimal) return "none";
  return (decimal->negative ? "-" : "") + std::string{decimal->digits} + "e" +
         std::to_string(decimal->exponent);
}

TEST(NumericOfNumber, IsTheNumber) {
  std::string digits;

  EXPECT_EQ(shown(numeric_of_number("42", digits)), "42e0");
  EXPECT_EQ(shown(numeric_of_number("-12.50", digits)), "-1250e-2");
  EXPECT_EQ(shown(numeric_of_number("0", digits)), "0e0");
  EXPECT_EQ(shown(numeric_of_number("+1.5E3", digits)), "15e2");
  EXPECT_EQ(shown(numeric_of_number("1e-130", digits)), "1e-130");
  const std::string longest = "-0." + std::string(38, '9');
  EXPECT_EQ(shown(numeric_of_number(longest, digits)), "-" + std::string(38, '9') + "e-38");
  for (const char* number : {"", "1e126", "x", "123456789012345678901234567890123456789"})
    EXPECT_EQ(shown(numeric_of_number(number, digits)), "none") << number;
}

TEST(NumericOfText, KeepsItsZeros) {
  std::string digits;

  EXPECT_EQ(shown(numeric_of_text("12.50", digits)), "1250e-2");
  EXPECT_EQ(shown(numeric_of_text("-0.001", digits)), "-0001e-3");
  EXPECT_EQ(shown(numeric_of_text("0.00", digits)), "000e-2");
  EXPECT_EQ(shown(numeric_of_text("100", digits)), "100e0");
  const std::string longest = "1." + std::string(999, '0');
  EXPECT_EQ(shown(numeric_of_text(longest, digits)), "1" + std::string(999, '0') + "e-999");
  EXPECT_EQ(shown(numeric_of_text(longest + "0", digits)), "none");
  for (const char* text :
       {"", "-0", "-0.00", "+1", "01", ".5", "5.", "1e2", " 1", "NaN", "Infinity"})
    EXPECT_EQ(shown(numeric_of_text(text, digits)), "none") << text;
}

TEST(TimestamptzOfText, HasAnExplicitZone) {
  constexpr std::int64_t kTime = 1'768'478'400 * kMicros;  // 2026-01-15 12:00:00 UTC
  for (const char* text :
       {"2026-01-15T12:00:00Z", "2026-01-15 12:00:00z", "2026-01-15T12:00:00.0+00",
        "2026-01-15T14:00:00+02:00", "2026-01-15T14:00:00+0200", "2026-01-15T14:00:00+02",
        "2026-01-15T08:30:00.000000-03:30", "2026-01-16 03:59:00+15:59",
        "2026-01-14T20:01:00-15:59", "2026-01-15T12:00:00-00:00"})
    EXPECT_EQ(timestamptz_of_text(text), kTime) << text;
  for (const char* text :
       {"2026-01-15T12:00:00", "2026-01-15T12:00:00+16:00", "2026-01-15T12:00:00+00:60",
        "2026-01-15T12:00:00+1", "2026-01-15T12:00:00+01:", "2026-01-15T12:00:00+01:0",
        "2026-01-15T12:00:00+01:00:00", "2026-01-15T12:00:00UTC", "2026-01-15T12:00:00 Z",
        "2026-01-15T12:00:00 Europe/Berlin", "2026-01-15T12:00:00ZZ", "now", "today", "epoch",
        "infinity", "", "1768478400"})
    EXPECT_EQ(timestamptz_of_text(text), std::nullopt) << text;
}

TEST(TimestamptzOfText, KeepsMicroseconds) {
  const auto micros = [](std::string_view fraction) {
    return timestamptz_of_text("1970-01-01T00:00:00" + std::string{fraction} + "Z");
  };

  EXPECT_EQ(micros(".1"), 100'000);
  EXPECT_EQ(micros(".000001"), 1);
  EXPECT_EQ(micros(".999999"), 999'999);
  EXPECT_EQ(micros(".123456000"), 123'456);
  for (const char* fraction : {".", ".1234567", ".000000001", ".1234560000", ",5", ".5.5", ".-1"})
    EXPECT_EQ(micros(fraction), std::nullopt) << fraction;
}

TEST(TimestamptzOfText, IsARealDayAndTime) {
  EXPECT_EQ(timestamptz_of_text("2024-02-29T23:59:59Z"), 1'709'251'199 * kMicros);
  EXPECT_EQ(timestamptz_of_text("0001-01-01T00:00:00Z"), -62'135'596'800 * kMicros);
  EXPECT_EQ(timestamptz_of_text("9999-12-31T23:59:59.999999Z"), 253'402'300'800 * kMicros - 1);
  EXPECT_EQ(timestamptz_of_text("1969-12-31T23:59:59.5Z"), -500'000);
  for (const char* text : {"0000-01-01T00:00:00Z", "2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
                           "2026-01-15T24:00:00Z", "2026-01-15T12:60:00Z", "2026-01-15T12:00:60Z",
                           "26-01-15T12:00:00Z", "12026-01-15T12:00:00Z", "2026-1-15T12:00:00Z",
                           "2026-01-15T12:00Z", "2026-01-15t12:00:00Z", "2026/01/15T12:00:00Z",
                           "20260115T120000Z", "2026-01-15  12:00:00Z", "-2026-01-15T12:00:00Z"})
    EXPECT_EQ(timestamptz_of_text(text), std::nullopt) << text;
}

TEST(TimestamptzOfNumber, CountsItsUnitSince1970) {
  EXPECT_EQ(timestamptz_of_number("1768478400", TimeUnit::s), 1'768'478'400 * kMicros);
  EXPECT_EQ(timestamptz_of_number("1768478400.123456", TimeUnit::s), 1'768'478'400'123'456);
  EXPECT_EQ(timestamptz_of_number("1768478400123.456", TimeUnit::ms), 1'768'478'400'123'456);
  EXPECT_EQ(timestamptz_of_number("1768478400123456", TimeUnit::us), 1'768'478'400'123'456);
  EXPECT_EQ(timestamptz_of_number("-1e-6", TimeUnit::s), -1);
  EXPECT_EQ(timestamptz_of_number("0", TimeUnit::ms), 0);
}

TEST(TimestamptzOfNumber, IsAWholeNumberOfMicroseconds) {
  EXPECT_EQ(timestamptz_of_number("1e-7", TimeUnit::s), std::nullopt);
  EXPECT_EQ(timestamptz_of_number("1.0001", TimeUnit::ms), std::nullopt);
  EXPECT_EQ(timestamptz_of_number("0.5", TimeUnit::us), std::nullopt);
  EXPECT_EQ(timestamptz_of_number("x", TimeUnit::us), std::nullopt);
  EXPECT_EQ(timestamptz_of_number("1", TimeUnit::none), std::nullopt);
}

TEST(TimestamptzOfNumber, IsWithinPostgresqlsRange) {
  EXPECT_EQ(timestamptz_of_number("-210866803200000000", TimeUnit::us), -210'866'803'200'000'000);
  EXPECT_EQ(timestamptz_of_number("-210866803200000001", TimeUnit::us), std::nullopt);
  EXPECT_EQ(timestamptz_of_number("-210866803200", TimeUnit::s), -210'866'803'200'000'000);
  EXPECT_EQ(timestamptz_of_number("9223372036854.775807", TimeUnit::s),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(timestamptz_of_number("9223372036854.775808", TimeUnit::s), std::nullopt);
  EXPECT_EQ(timestamptz_of_number("1e125", TimeUnit::s), std::nullopt);
}

TEST(DateOfText, IsARealDayOfFourDigitYears) {
  EXPECT_EQ(date_of_text("1970-01-01"), 0);
  EXPECT_EQ(date_of_text("0001-01-01"), -719'162);
  EXPECT_EQ(date_of_text("9999-12-31"), 2'932'896);
  EXPECT_EQ(date_of_text("2000-02-29"), 11'016);
  for (const char* text : {"", "1900-02-29", "0000-01-01", "2026-01-32", "2026-00-10", "2026-1-1",
                           "20260101", "2026-01-01 ", " 2026-01-01", "2026-01-01T00:00:00Z",
                           "10000-01-01", "today", "01/02/2026", "2026-01-01 BC"})
    EXPECT_EQ(date_of_text(text), std::nullopt) << text;
}

TEST(UuidOfText, IsTakenInTheFormsThatPostgresqlTakes) {
  const std::array<unsigned char, 16> uuid{0x12, 0x3E, 0x45, 0x67, 0xE8, 0x9B, 0x12, 0xD3,
                                           0xA4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00};
  for (const char* text :
       {"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000",
        "123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000}",
        "123e-4567-e89b-12d3-a456-4266-1417-4000", "{123e4567e89b-12d3a456-426614174000}"})
    EXPECT_EQ(uuid_of_text(text), uuid) << text;
  for (const char* text :
       {"", "{}", "{", "123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-4266141740000", "123e4567-e89b-12d3-a456-426614174000-",
        "-123e4567e89b12d3a456426614174000", "12-3e4567e89b12d3a456426614174000",
        "123e--4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000",
        "123e4567-e89b-12d3-a456-426614174000}", "123e4567-e89b-12d3-a456-42661417400g",
        " 123e4567e89b12d3a456426614174000"})
    EXPECT_EQ(uuid_of_text(text), std::nullopt) << text;
}

TEST(Text, FitsWithoutU0000) {
  EXPECT_TRUE(fits_text(""));
  EXPECT_TRUE(fits_text("zw\u00f6lf"));
  EXPECT_FALSE(fits_text("a\0b"sv));
}

}  // namespace
}  // namespace dynamite
