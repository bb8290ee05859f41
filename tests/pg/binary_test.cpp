#include "pg/binary.hpp"

#include <gmock/gmock.h>

#include "support/errors.hpp"

namespace dynamite::pg {
namespace {

using namespace std::string_view_literals;

std::string numeric(const Decimal& number) {
  std::string bytes;
  append_numeric(bytes, number);
  return bytes;
}

// Groups, weight, sign, digits behind the point; then the groups.
TEST(Numeric, IsGroupsOfFourDigits) {
  EXPECT_EQ(numeric({}), "\0\0\0\0\0\0\0\0"sv);
  EXPECT_EQ(numeric({.digits = "12345", .exponent = 0}), "\0\2\0\1\0\0\0\0\0\1\x09\x29"sv);
  EXPECT_EQ(numeric({.digits = "15", .exponent = -1, .negative = true}),
            "\0\2\0\0\x40\0\0\1\0\1\x13\x88"sv);
}

TEST(Numeric, KeepsZerosBehindThePoint) {
  EXPECT_EQ(numeric({.digits = "1250", .exponent = -2}), "\0\2\0\0\0\0\0\2\0\x0c\x13\x88"sv);
}

TEST(CanonicalDecimal, IsDigitsAndExponent) {
  const Decimal number = canonical_decimal("-15e-3");

  EXPECT_EQ(number.digits, "15");
  EXPECT_EQ(number.exponent, -3);
  EXPECT_TRUE(number.negative);
  EXPECT_EQ(canonical_decimal("0").digits, "");
}

TEST(CanonicalDecimal, OfAnotherTextIsABug) {
  for (const char* number : {"", "e5", "1", "-", "1e", "1.5e0", "ae1", "1e1x"})
    EXPECT_EQ(test::error_of([&] { canonical_decimal(number); }).kind(), Error::Kind::bug)
        << number;
}

}  // namespace
}  // namespace dynamite::pg
