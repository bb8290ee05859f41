#include "mapping/path_pattern.hpp"

#include <gtest/gtest.h>

namespace dynamite {
namespace {

bool matches(std::string_view pattern_text, std::string_view path_text) {
  const auto pattern = PathPattern::parse(pattern_text);
  const auto path = AttributePath::parse(path_text);
  if (pattern->size() != path->steps.size()) return false;
  for (std::size_t step = 0; step < pattern->size(); ++step)
    if (!pattern->matches(step, path->steps[step])) return false;
  return true;
}

TEST(PathPattern, WithoutWildcardsNamesOnePath) {
  EXPECT_TRUE(matches("total", "total"));
  EXPECT_FALSE(matches("total", "Total"));
  EXPECT_TRUE(matches("address.lines[2].x", "address.lines[2].x"));
  EXPECT_FALSE(matches("address.lines[2].x", "address.lines[3].x"));
}

TEST(PathPattern, StarInANameStandsForCharactersOfThisName) {
  EXPECT_TRUE(matches("password*", "password"));
  EXPECT_TRUE(matches("password*", "password_old"));
  EXPECT_TRUE(matches("password*", R"("password.old")"));
  EXPECT_FALSE(matches("password*", "password.old"));
  EXPECT_TRUE(matches("a?.*", "ab.c"));
  EXPECT_FALSE(matches("*", "a[0]"));
}

TEST(PathPattern, StarInBracketsStandsForAnyPlace) {
  EXPECT_TRUE(matches("items[*].price", "items[7].price"));
  EXPECT_FALSE(matches("items[*]", R"(items."0")"));
  EXPECT_FALSE(matches("items.*", "items[0]"));
}

TEST(PathPattern, HasNoWildcardsInQuotes) {
  EXPECT_TRUE(matches(R"("a*")", R"("a*")"));
  EXPECT_FALSE(matches(R"("a*")", "ab"));
  EXPECT_FALSE(matches(R"("a?")", "ab"));
}

TEST(PathPattern, OfAnAttributeTakesItsNameAsItIs) {
  EXPECT_TRUE(PathPattern::of("a.*").matches(0, "a.*"));
  EXPECT_FALSE(PathPattern::of("a.*").matches(0, "a.b"));
}

TEST(PathPattern, IsAbsentOfTextThatIsNone) {
  for (const char* text : {"", "a.", ".a", "a[**]", "a[x]", "[*]", "a[*", "\"a", "a[-1]"})
    EXPECT_FALSE(PathPattern::parse(text)) << text;
}

}  // namespace
}  // namespace dynamite
