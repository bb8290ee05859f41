#include "pg/identifier.hpp"

#include <gmock/gmock.h>

#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::error_of;

TEST(Identifier, IsQuotedAndInnerQuotesAreDoubled) {
  EXPECT_EQ(quote_identifier("Or\"ders"), "\"Or\"\"ders\"");
}

TEST(Identifier, LongerThan63BytesIsRefused) {
  EXPECT_NO_THROW(quote_identifier(std::string(63, 'x')));
  EXPECT_EQ(error_of([] { quote_identifier(std::string(64, 'x')); }).kind(), Error::Kind::usage);
}

TEST(Identifier, EmptyOrWithUPlus0000IsRefused) {
  EXPECT_EQ(error_of([] { quote_identifier(""); }).kind(), Error::Kind::usage);
  EXPECT_EQ(error_of([] {
              quote_identifier(std::string_view{"a\0b", 3});
            }).kind(),
            Error::Kind::usage);
}

TEST(Literal, DoublesQuotesAndBackslashes) { EXPECT_EQ(quote_literal("it's \\"), "E'it''s \\\\'"); }

TEST(ShortenedIdentifier, IsTheNameItselfUpTo63Bytes) {
  EXPECT_EQ(shorten_identifier(std::string(63, 'x')), std::string(63, 'x'));
}

TEST(ShortenedIdentifier, EndsInAHashOfTheWholeName) {
  const std::string first = shorten_identifier(std::string(100, 'x') + "1");
  const std::string second = shorten_identifier(std::string(100, 'x') + "2");

  EXPECT_EQ(first.size(), 63U);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.substr(0, 46), second.substr(0, 46));
}

TEST(ShortenedIdentifier, CutsNoCharacterInTwo) {
  std::string name;
  for (int i = 0; i < 40; ++i) name += "\u20ac";  // three bytes each

  const std::string shortened = shorten_identifier("x" + name);

  EXPECT_EQ(shortened.substr(0, 46), "x" + name.substr(0, 45));
}

}  // namespace
}  // namespace dynamite
