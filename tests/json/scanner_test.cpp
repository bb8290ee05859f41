#include "json/scanner.hpp"

#include <gmock/gmock.h>
#include <simdjson.h>

#include <random>

#include "json/random_item.hpp"
#include "support/errors.hpp"
#include "support/mutation.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

using test::failure_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Empty if `text` is one JSON value.
std::string refusal(std::string_view text) {
  return failure_of([&] {
    JsonScanner scanner{text};
    scanner.skip_value();
    scanner.expect_end();
  });
}

TEST(JsonScanner, TakesEveryKindOfValue) {
  for (const char* text : {"{}",
                           "[]",
                           "\"\"",
                           "0",
                           "-0",
                           "-0.0e-0",
                           "12",
                           "1.5",
                           "1E5",
                           "1e+5",
                           "1.25e-10",
                           "true",
                           "false",
                           "null",
                           " [ ] ",
                           "\t{\n}\r",
                           "[1,[2,{\"a\":[]}],3]",
                           R"({"a":1,"b":{"c":[null]}})",
                           R"("\"\\\/\b\f\n\r\t\u00e9\uD83D")",
                           "\"\x7F \xC3\xA9\"",
                           R"({"":{"":""}})"})
    EXPECT_EQ(refusal(text), "") << text;
}

TEST(JsonScanner, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "{]",
                           "[}",
                           "[1,2}}",
                           "{\"a\":1]",
                           "[1,]",
                           "[,1]",
                           "[,]",
                           "{,}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "{1:2}",
                           "{\"a\" \"b\" 12 zz ,,}",
                           "{\"a\":1} {\"b\":2}",
                           "1 2",
                           "[1 2]",
                           "tru",
                           "truefalse",
                           "True",
                           "nul",
                           "nulll",
                           "NaN",
                           "Infinity",
                           "01",
                           "-",
                           "-a",
                           "+1",
                           ".5",
                           "1.",
                           "1.e5",
                           "1e",
                           "1e+",
                           "0x10",
                           "'a'",
                           "\"",
                           "\"a",
                           R"("\q")",
                           R"("\)",
                           R"("\u12")",
                           R"("\u12G4")",
                           R"("\u)",
                           "\"a\nb\"",
                           "\"a\tb\"",
                           "\"\x1F\"",
                           "// c\n1",
                           "[1]x",
                           "\xEF\xBB\xBF{}",
                           "\f1"})
    EXPECT_THAT(refusal(text), StartsWith("poison: not JSON: ")) << text;
}

TEST(JsonScanner, RefusesNulBytes) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {"\0"sv, "1\0"sv, "[\0]"sv, "\"\0\""sv, "{}\0"sv})
    EXPECT_THAT(refusal(text), StartsWith("poison: not JSON: "));
}

TEST(JsonScanner, FindsQuotesBackslashesAndControlsAtAnyPlace) {
  for (std::size_t size = 0; size < 70; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      std::string text(size, '\xC3');
      EXPECT_EQ(JsonScanner{'"' + text + "\" tail tail tail"}.string(), text);
      EXPECT_EQ(JsonScanner{'"' + text + '"'}.string(), text);
      text.insert(at, R"(\")");
      EXPECT_EQ(JsonScanner{'"' + text + '"'}.string(), text);
      text.insert(at, "\x1F");
      EXPECT_THAT(refusal('"' + text + '"'), HasSubstr("control character"));
    }
  }
}

TEST(JsonScanner, RefusesEveryControlCharacterInAString) {
  for (int byte = 0; byte < 0x20; ++byte)
    EXPECT_THAT(refusal(std::string{"\"a"} + static_cast<char>(byte) + "\""),
                HasSubstr("control character"))
        << byte;
}

TEST(JsonScanner, NestsTo128LevelsAndNoFurther) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };

  EXPECT_EQ(refusal(nested(128)), "");
  EXPECT_THAT(refusal(nested(129)), HasSubstr("nesting beyond 128 levels"));
  EXPECT_THAT(refusal(nested(10'000)), HasSubstr("nesting beyond 128 levels"));
  EXPECT_THAT(refusal(std::string(1'000'000, '[')), HasSubstr("nesting beyond 128 levels"));
}

TEST(JsonScanner, GivesRawTokensWithoutWhiteSpace) {
  JsonScanner scanner{R"( [ "a\n" , -1.50 , {"b" : 1 } , true ] )"};

  scanner.expect('[');
  EXPECT_EQ(scanner.string(), R"(a\n)");
  scanner.expect(',');
  EXPECT_EQ(scanner.literal(), "-1.50");
  scanner.expect(',');
  EXPECT_EQ(scanner.skip_value(), R"({"b" : 1 })");
  EXPECT_TRUE(scanner.take(','));
  EXPECT_FALSE(scanner.take(','));
  EXPECT_EQ(scanner.peek(), 't');
  EXPECT_EQ(scanner.literal(), "true");
  EXPECT_FALSE(scanner.at_end());
  scanner.expect(']');
  EXPECT_TRUE(scanner.at_end());
  EXPECT_EQ(scanner.peek(), '\0');
  EXPECT_FALSE(scanner.take('\0'));
}

TEST(JsonScanner, TakesNullButNothingThatBeginsLikeIt) {
  EXPECT_TRUE(JsonScanner{" null"}.take_null());
  EXPECT_FALSE(JsonScanner{"\"null\""}.take_null());
  EXPECT_THAT(failure_of([] { JsonScanner{"nix"}.take_null(); }), StartsWith("poison: "));
}

TEST(JsonScanner, SaysWhereButNotWhat) {
  EXPECT_THAT(refusal(R"({"secret":1 "x":2})"),
              AllOf(HasSubstr("no '}' where one must be, at byte 12"), Not(HasSubstr("secret"))));
}

TEST(JsonScanner, SkipsABrokenValueByItsBrackets) {
  for (const char* value : {R"({"a" "b" 12 zz ,,})", "[1,2}", R"({"a":"}]\"{"})", "12x",
                            "{\"\x01\":}", R"("a\q")", "tru", ""}) {
    const std::string text = std::string{value} + ",{\"next\":1}";
    JsonScanner scanner{text};

    EXPECT_EQ(scanner.skip_broken_value(), value);
    scanner.expect(',');
    EXPECT_EQ(scanner.skip_value(), "{\"next\":1}");
  }
}

TEST(JsonScanner, CannotSkipABrokenValueWithoutEnd) {
  for (const char* value : {"{", "[{}", "{\"a\":\"b}", "\"", "\"a\\\""})
    EXPECT_THAT(failure_of([&] { JsonScanner{value}.skip_broken_value(); }),
                HasSubstr("a value without end"))
        << value;
}

TEST(ScanObject, CallsForEachMember) {
  std::string names;
  JsonScanner scanner{R"({ "a" : 1, "b":{"c":2} ,"":3}x)"};

  scan_object(scanner, [&](std::string_view name) {
    names += '<' + std::string{name} + '>';
    scanner.skip_value();
  });

  EXPECT_EQ(names, "<a><b><>");
  EXPECT_EQ(scanner.peek(), 'x');
}

bool simdjson_takes(simdjson::dom::parser& parser, const std::string& text) {
  simdjson::dom::element element;
  return parser.parse(text).get(element) == simdjson::SUCCESS;
}

/// `text` with some of its bytes changed, doubled, swapped or gone.
std::string mutated(std::string text, std::mt19937_64& random) {
  // No digits: simdjson refuses numbers beyond a double, and we do not.
  constexpr std::string_view kBytes = "{}[]\",:\\udDeE+-.tfn \n\x01";
  return test::mutated(std::move(text), {.bytes = kBytes, .count = random() % 4, .erased_max = 3},
                       random);
}

TEST(JsonScanner, AgreesWithSimdjsonOnMutatedText) {
  const std::vector<std::string> seeds{
      R"({"a":[1,-2.5e+3,true,false,null,"x\u00e9\n\ud83d\ude00"],"b":{"c":{},"d":[]},"":""})",
      R"([[[{"k":"v"}],0,[-0.0,10E-2]],"\\\"\/",{"a":{"b":{"c":[{}]}}}])",
      test::read_testdata("events/synthetic/lambda-ttl-remove.json"),
  };
  simdjson::dom::parser parser;
  int taken = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    std::mt19937_64 random{seed};
    const std::string text = mutated(seeds[seed % seeds.size()], random);
    if (!simdjson::validate_utf8(text)) continue;
    // Lone surrogates have the form of JSON: append_unescaped refuses them.
    const bool ours = refusal(text).empty();
    bool surrogates_are_paired = true;
    if (ours) surrogates_are_paired = failure_of([&] { holds_nul(text); }).empty();

    ASSERT_EQ(ours && surrogates_are_paired, simdjson_takes(parser, text))
        << "seed " << seed << ": " << text;
    taken += ours ? 1 : 0;
  }
  EXPECT_GT(taken, 2'000);
  EXPECT_LT(taken, 18'000);
}

TEST(JsonScanner, SkipObjectEndsWhereSkipValueDoes) {
  RandomItems items{11, {.attributes_max = 12, .depth_max = 6}};
  const KeySchema keys{.partition = {.name = "pk", .type = KeyType::S}, .sort = std::nullopt};
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    SCOPED_TRACE(i);
    const std::string object = items.item(keys, i);
    const std::string text = std::string(i % 70, ' ') + object + R"(,"}]{[\"":"\\"})";
    JsonScanner quick{text}, thorough{text};

    EXPECT_EQ(quick.skip_object(), object);
    thorough.skip_value();
    EXPECT_EQ(quick.position(), thorough.position());
  }
}

TEST(JsonScanner, SkipObjectKnowsStringsAndEscapesAtAnyPlace) {
  for (std::size_t before = 0; before < 140; ++before) {
    for (const std::string inside : {R"(\")", R"(\\)", "}", "]}", "{[", R"(\"}\")", R"(\u007d})"}) {
      const std::string object = "{\"a\":\"" + std::string(before, 'x') + inside + "\",\"b\":[{}]}";
      const std::string text = object + "}}]]";
      JsonScanner scanner{text};

      EXPECT_EQ(scanner.skip_object(), object);
    }
  }
}

TEST(JsonScanner, SkipObjectRefusesWhatHasNoEnd) {
  for (const std::string text : {"", "[]", "{", "{\"a\":{}", R"({"a":"})", R"({"a":"\"})"})
    for (const std::size_t padding : {0, 100}) {
      const std::string padded = text + std::string(padding, ' ');
      JsonScanner scanner{padded};
      EXPECT_THROW(scanner.skip_object(), Error) << padded;
    }
}

}  // namespace
}  // namespace dynamite
