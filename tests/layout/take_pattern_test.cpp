#include "layout/take_pattern.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <random>
#include <regex>
#include <string>

namespace dynamite {
namespace {

struct Case {
  const char* pattern;
  const char* text;
  std::optional<std::string_view> taken;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.pattern << " of " << c.text; }

class Take : public testing::TestWithParam<Case> {};

TEST_P(Take, MatchesAsLittleAsItCanFromTheLeft) {
  const auto& [pattern, text, taken] = GetParam();

  EXPECT_EQ(TakePattern::parse(pattern)->take(text), taken);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Take,
    testing::Values(
        Case{"{}", "", ""}, Case{"{}", "a{}*", "a{}*"}, Case{"ORDER#{}", "ORDER#7", "7"},
        Case{"ORDER#{}", "ORDER#", ""}, Case{"ORDER#{}", "ORDER", {}},
        Case{"ORDER#{}", "order#7", {}}, Case{"ORDER#{}", "xORDER#7", {}}, Case{"{}#", "7#", "7"},
        Case{"{}#", "7#8#", "7#8"}, Case{"{}#", "7#8", {}}, Case{"{}#*", "7#8#9", "7"},
        Case{"{}#*", "7#", "7"}, Case{"{}#*", "7", {}}, Case{"*#{}", "7#8#9", "8#9"},
        Case{"*#{}#*", "7#8#9", "8"}, Case{"*#*#{}", "7#8#9", "9"}, Case{"*{}", "abc", "abc"},
        Case{"{}*", "abc", ""}, Case{"**{}**", "abc", ""}, Case{"*{}c", "abc", "ab"},
        Case{"ab{}ba", "aba", {}}, Case{"ab{}ba", "abba", ""}, Case{"a{}aa", "aaa", ""},
        Case{"a{}aa", "aa", {}}, Case{"*ab{}b", "xab", {}}, Case{"*ab{}b", "xabb", ""},
        Case{"*aab{}", "aaab7", "7"}, Case{"{{}}", "{7}", "7"}, Case{"}{{}", "}{7", "7"}));

TEST(TakePattern, HasOnePlaceThatIsTaken) {
  for (const char* text : {"", "ORDER#", "*", "{", "}", "{x}", "{}{}", "{}-{}"})
    EXPECT_EQ(TakePattern::parse(text), std::nullopt) << text;
}

TEST(TakePattern, IsAViewIntoTheText) {
  const std::string text{"ORDER#7"};

  EXPECT_EQ(TakePattern::parse("ORDER#{}")->take(text)->data(), text.data() + 6);
}

TEST(TakePattern, TakesWhatALazyRegularExpressionTakes) {
  std::mt19937_64 random{testing::UnitTest::GetInstance()->random_seed() + 1U};
  constexpr std::string_view kLetters{"aab"};
  const auto letters = [&](std::size_t max) {
    std::string text;
    for (std::size_t i = random() % (max + 1); i > 0; --i) text += kLetters[random() % 3];
    return text;
  };
  for (int round = 0; round < 5'000; ++round) {
    std::string pattern, expression;
    const std::size_t wildcards = 1 + random() % 4;
    const std::size_t taken = random() % wildcards;
    for (std::size_t i = 0; i < wildcards; ++i) {
      const std::string literal = letters(2);
      pattern += literal + (i == taken ? "{}" : "*");
      expression += literal + (i == taken ? "([^]*?)" : "[^]*?");
    }
    const std::string literal = letters(2);
    const std::string text = letters(9);
    std::smatch match;
    std::optional<std::string_view> wanted;
    const std::string storage = std::regex_match(text, match, std::regex{expression + literal})
                                    ? match[1].str()
                                    : std::string{};
    if (!match.empty()) wanted = storage;

    EXPECT_EQ(TakePattern::parse(pattern + literal)->take(text), wanted)
        << pattern << literal << " of " << text;
  }
}

TEST(TakePattern, NeverTriesTwice) {
  const std::string text(400'000, 'a');
  std::string pattern{"{}"};
  for (int i = 0; i < 40; ++i) pattern += "*aaab";
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EQ(TakePattern::parse(pattern)->take(text), std::nullopt);
  EXPECT_EQ(TakePattern::parse("{}*a*a*a*a*a*a*a*a*ab")->take(text), std::nullopt);

  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{1});
}

}  // namespace
}  // namespace dynamite
