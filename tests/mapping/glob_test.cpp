#include "mapping/glob.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dynamite {
namespace {

TEST(Glob, WithoutWildcardsIsTheTextItself) {
  EXPECT_TRUE(glob_matches("orders", "orders"));
  EXPECT_FALSE(glob_matches("orders", "Orders"));
  EXPECT_FALSE(glob_matches("orders", "orders2"));
  EXPECT_FALSE(glob_matches("orders", "order"));
  EXPECT_TRUE(glob_matches("", ""));
}

TEST(Glob, StarStandsForAnyCharacters) {
  for (const char* text : {"ab", "axb", "abab", "a\nb"}) EXPECT_TRUE(glob_matches("a*b", text));
  for (const char* text : {"a", "ba", "abx", ""}) EXPECT_FALSE(glob_matches("a*b", text));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("**a**", "xay"));
  EXPECT_TRUE(glob_matches("*a*b*c", "xaxbxbcc"));
  EXPECT_FALSE(glob_matches("*a*b*c", "xaxbxbccx"));
}

TEST(Glob, QuestionMarkStandsForOneCharacter) {
  EXPECT_TRUE(glob_matches("a?c", "abc"));
  EXPECT_TRUE(glob_matches("a?c",
                           "a\xC3\xA9"
                           "c"));
  EXPECT_TRUE(glob_matches("*?", "\xF0\x9F\x98\x80"));
  EXPECT_FALSE(glob_matches("a??c",
                            "a\xC3\xA9"
                            "c"));
  EXPECT_FALSE(glob_matches("*??", "\xF0\x9F\x98\x80"));
  EXPECT_FALSE(glob_matches("a?c", "ac"));
}

TEST(Glob, TakesNoTimeForHostileText) {
  EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*a*a*a*a*b", std::string(65'535, 'a')));
}

}  // namespace
}  // namespace dynamite
