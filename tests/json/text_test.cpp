#include "json/text.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "json/scanner.hpp"
#include "support/errors.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

using test::failure_of;
using testing::StartsWith;

std::string unescaped(std::string_view token) {
  std::string text;
  append_unescaped(text, token);
  return text;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kHex[static_cast<unsigned char>(c) >> 4U];
    text += kHex[static_cast<unsigned char>(c) & 0xFU];
  }
  return text;
}

std::string base64(std::string_view bytes) {
  std::string text;
  append_base64(text, bytes);
  return text;
}

std::string decoded(std::string_view text) {
  std::string bytes;
  append_base64_decoded(bytes, text);
  return bytes;
}

struct EscapeCase {
  std::string name;
  std::string json;
  std::string utf8_hex;
  bool poison = false;
};

std::vector<EscapeCase> escape_cases() {
  const std::string text = test::read_testdata("events/synthetic/json-escapes.json");
  std::vector<EscapeCase> cases;
  JsonScanner scanner{text};
  scan_object(scanner, [&](std::string_view list) {
    if (list != "cases") {
      scanner.skip_value();
      return;
    }
    scan_array(scanner, [&] {
      EscapeCase& entry = cases.emplace_back();
      scan_object(scanner, [&](std::string_view name) {
        if (scanner.take_null()) {
          entry.poison = true;
          return;
        }
        const std::string value = unescaped(scanner.string());
        if (name == "name") entry.name = value;
        if (name == "json") entry.json = value;
        if (name == "utf8_hex") entry.utf8_hex = value;
      });
    });
  });
  return cases;
}

class Escapes : public testing::TestWithParam<EscapeCase> {};

TEST_P(Escapes, StandForTheBytesOfTheTable) {
  JsonScanner scanner{GetParam().json};
  const std::string_view token = scanner.string();

  if (GetParam().poison) {
    EXPECT_THAT(failure_of([&] { unescaped(token); }),
                StartsWith("poison: string holds a lone surrogate"));
    EXPECT_THAT(failure_of([&] { holds_nul(token); }),
                StartsWith("poison: string holds a lone surrogate"));
  } else {
    EXPECT_EQ(hex(unescaped(token)), GetParam().utf8_hex);
    EXPECT_EQ(holds_nul(token), GetParam().name == "nul");
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Escapes, testing::ValuesIn(escape_cases()),
                         [](const testing::TestParamInfo<EscapeCase>& info) {
                           std::string name = info.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Unescape, OfAHighSurrogateAtTheEndIsPoison) {
  for (const char* token : {R"(\ud83d)", R"(\ud83d\n)", R"(\ud83d\u0041)", R"(\udc00)"})
    EXPECT_THAT(failure_of([&] { unescaped(token); }), StartsWith("poison: ")) << token;
}

TEST(TokenIs, ComparesWhatTheTokenStandsFor) {
  EXPECT_TRUE(token_is("eventName", "eventName"));
  EXPECT_TRUE(token_is(R"(event\u004eame)", "eventName"));
  EXPECT_FALSE(token_is("eventname", "eventName"));
  EXPECT_FALSE(token_is(R"(a\nb)", R"(a\nb)"));
  EXPECT_TRUE(token_is(R"(a\\nb)", R"(a\nb)"));
}

TEST(Escape, IsUndoneByUnescape) {
  std::string all;
  for (int byte = 0; byte < 0x80; ++byte) all += static_cast<char>(byte);
  all += "\xF0\x9F\x98\x80\xC3\xA9";

  std::string token;
  append_escaped(token, all);

  const std::string json = '"' + token + '"';
  EXPECT_EQ(JsonScanner{json}.string(), token);
  EXPECT_EQ(unescaped(token), all);
}

TEST(Base64, OfTheStandardsExamples) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("\xFB\xFF\xBF"), "+/+/");
}

TEST(Base64, GivesBackAnyBytes) {
  std::mt19937_64 random{42};
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random());

    EXPECT_EQ(decoded(base64(bytes)), bytes);
  }
}

TEST(Base64, OfAnotherFormIsPoison) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Z", "=", "====", "A===", "Zg==Zg==", "Zm9v\n",
                           "Zm 9v", "-_-_", "Zm9=", "Zh==", "Zk==", "Zm9*", "\xFFm9v"}) {
    EXPECT_FALSE(is_base64(text)) << text;
    EXPECT_EQ(failure_of([&] { decoded(text); }),
              "poison: binary is not standard Base64 with padding")
        << text;
  }
}

}  // namespace
}  // namespace dynamite
