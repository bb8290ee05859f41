#include "layout/attribute_path.hpp"

#include <gmock/gmock.h>

#include <random>
#include <string>

namespace dynamite {
namespace {

using testing::ElementsAre;

PathStep name(std::string_view text) { return {.name = std::string{text}}; }
PathStep place(std::size_t index) { return {.index = index}; }

TEST(AttributePath, IsNamesBehindDotsAndPlacesInBrackets) {
  EXPECT_THAT(AttributePath::parse("address.lines[0][12].zip")->steps,
              ElementsAre(name("address"), name("lines"), place(0), place(12), name("zip")));
}

TEST(AttributePath, OfANameWithoutQuotesTakesWhatIsNotSpecial) {
  EXPECT_THAT(AttributePath::parse("Order Date.#x-y'\xC3\xA9")->steps,
              ElementsAre(name("Order Date"), name("#x-y'\xC3\xA9")));
}

TEST(AttributePath, OfANameInQuotesTakesAnything) {
  EXPECT_THAT(
      AttributePath::parse(R"("odd.name"."say ""x"""[3]."*"."[0]"."")")->steps,
      ElementsAre(name("odd.name"), name("say \"x\""), place(3), name("*"), name("[0]"), name("")));
}

class NoPath : public testing::TestWithParam<const char*> {};

TEST_P(NoPath, IsRefused) { EXPECT_EQ(AttributePath::parse(GetParam()), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(Texts, NoPath,
                         testing::Values("", ".", "a.", ".a", "a..b", "[0]", "a[", "a[]", "a]",
                                         "a[x]", "a[-1]", "a[+1]", "a[01]", "a[ 1]", "a[1", "a[1]b",
                                         "a.[1]", "a[99999999999999999999]", "a[*]", "pass*", "*",
                                         "pass?", "\"", "\"a", "\"a\"b", "a\"b\"", "\"a\"\"",
                                         "a.\"b"));

TEST(AttributePath, IsWrittenAsItIsRead) {
  for (const char* text : {"a", "address.lines[0].zip", R"("odd.name".b)", R"(a."")",
                           R"("say ""x"""[7])", R"("pass*")", R"("why?")", R"("]")"})
    EXPECT_EQ(AttributePath::parse(text)->text(), text);
  EXPECT_EQ(AttributePath::parse(R"("plain"."b c")")->text(), "plain.b c");
}

TEST(AttributePath, OfAnyNamesIsReadAsItWasWritten) {
  std::mt19937_64 random{testing::UnitTest::GetInstance()->random_seed() + 1U};
  constexpr std::string_view kCharacters{".[]\"*?ab0 "};
  for (int round = 0; round < 20'000; ++round) {
    AttributePath path;
    for (std::size_t step = 0; step <= random() % 4; ++step) {
      if (step > 0 && random() % 3 == 0) {
        path.steps.push_back(place(random()));
        continue;
      }
      std::string text;
      while (random() % 4 != 0) text += kCharacters[random() % kCharacters.size()];
      path.steps.push_back(name(text));
    }

    EXPECT_EQ(AttributePath::parse(path.text()), path) << path.text();
  }
}

TEST(AttributePath, OfOneStepIsAnAttribute) {
  EXPECT_TRUE(AttributePath::of("a.b").is_attribute());
  EXPECT_EQ(AttributePath::of("a.b").text(), "\"a.b\"");
  EXPECT_FALSE(AttributePath::parse("a.b")->is_attribute());
}

}  // namespace
}  // namespace dynamite
