#include "core/number.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "core/error.hpp"
#include "json/scanner.hpp"
#include "support/errors.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

using test::failure_of;
using testing::StartsWith;

std::string canonical(std::string_view text) {
  std::string number;
  append_canonical_number(number, text);
  return number;
}

std::string json(std::string_view text) {
  std::string number;
  append_json_number(number, text);
  return number;
}

struct Case {
  std::string in;
  std::string out;
};

/// The cases of one list in numbers.json.
std::vector<Case> table(std::string_view list) {
  const std::string text = test::read_testdata("events/synthetic/numbers.json");
  std::vector<Case> cases;
  JsonScanner scanner{text};
  scan_object(scanner, [&](std::string_view name) {
    if (name != list) {
      scanner.skip_value();
      return;
    }
    scan_array(scanner, [&] {
      Case& entry = cases.emplace_back();
      scan_object(scanner, [&](std::string_view member) {
        (member == "in" ? entry.in : entry.out) = scanner.string();
      });
    });
  });
  return cases;
}

TEST(AcceptedNumber, HasTheCanonicalFormOfWhatDynamoDbGivesBack) {
  for (const Case& entry : table("accepted"))
    EXPECT_EQ(canonical(entry.in), canonical(entry.out)) << entry.in;
}

TEST(AcceptedNumber, IsAJsonNumberOfTheSameValue) {
  for (const Case& entry : table("accepted")) {
    const std::string number = json(entry.in);

    JsonScanner scanner{number};
    EXPECT_EQ(scanner.literal(), number) << entry.in;
    EXPECT_EQ(canonical(number), canonical(entry.in)) << entry.in;
  }
}

TEST(AcceptedNumber, KeepsTheDigitsThatDynamoDbGivesBack) {
  for (const Case& entry : table("accepted")) EXPECT_EQ(json(entry.out), entry.out);
}

TEST(AcceptedNumber, IsReadFromItsCanonicalForm) {
  for (const Case& entry : table("accepted")) {
    const std::string number = canonical(entry.in);

    EXPECT_EQ(canonical(number), number);
  }
}

std::vector<std::string> refused() {
  std::vector<std::string> numbers{"-",    "+",     ".",   "-.",    "e5",     "1e",      "1e+",
                                   "1e-",  "--1",   "+-1", "1..2",  "1.2.3",  "1e1.",    "1e1e1",
                                   "0x10", "1_000", "1,5", "1f",    "\t1",    "1\n",     "nan",
                                   "inf",  "1 2",   "٣",   "1e999", "1e-999", "0.1e-130"};
  numbers.emplace_back("1\0", 2);
  numbers.push_back("1e99999999999999999999999");
  numbers.push_back("-1e-99999999999999999999999");
  numbers.push_back(std::string(39, '9'));
  numbers.push_back("1" + std::string(37, '0') + "1");
  for (Case& entry : table("rejected_by_dynamodb")) numbers.push_back(std::move(entry.in));
  return numbers;
}

TEST(RefusedNumber, IsPoison) {
  for (const std::string& number : refused()) {
    EXPECT_THAT(failure_of([&] { canonical(number); }), StartsWith("poison: number ")) << number;
    EXPECT_THAT(failure_of([&] { json(number); }), StartsWith("poison: number ")) << number;
  }
}

TEST(CanonicalNumber, IsOneForAllSpellingsOfAValue) {
  for (const char* spelling : {"1", "1.0", "1e0", "+1", "01", "10e-1", "0.1E+1", "1.", "1.000e0"})
    EXPECT_EQ(canonical(spelling), "1e0") << spelling;
  EXPECT_EQ(canonical("-1.50"), "-15e-1");
  EXPECT_EQ(canonical("100200"), "1002e2");
  EXPECT_EQ(canonical("0.000e99999999999999999999"), "0");
}

TEST(CanonicalNumber, IsAppended) {
  std::string text = "before ";

  append_canonical_number(text, "120");

  EXPECT_EQ(text, "before 12e1");
}

TEST(CanonicalNumber, CountsOnlyDigitsThatMatter) {
  const std::string zeros(5000, '0');

  EXPECT_EQ(canonical(zeros + "7." + zeros), "7e0");
  EXPECT_EQ(canonical("0." + zeros + "7e5001"), "7e0");
  EXPECT_EQ(canonical("7" + zeros + "e-5000"), "7e0");
}

TEST(CanonicalNumber, DoesNotSayWhatTheNumberWas) {
  EXPECT_EQ(failure_of([] { canonical("secret"); }), "poison: number is not decimal");
}

TEST(JsonNumber, OfManyZerosIsWrittenShort) {
  // PostgreSQL's numeric refuses more than 16,383 digits behind the point.
  EXPECT_EQ(json("1." + std::string(20'000, '0')), "1e0");
}

TEST(JsonNumber, OfAnyFormThatJsonLacksIsCanonical) {
  EXPECT_EQ(json("+3"), "3e0");
  EXPECT_EQ(json(".5"), "5e-1");
  EXPECT_EQ(json("007"), "7e0");
  EXPECT_EQ(json("-1."), "-1e0");
  EXPECT_EQ(json("1e3"), "1e3");
}

TEST(CompareCanonicalNumbers, OrdersByValue) {
  const std::vector<std::string> ascending{"-9.9999999999999999999999999999999999999E+125",
                                           "-1e125",
                                           "-12",
                                           "-11.5",
                                           "-2",
                                           "-1.01",
                                           "-1",
                                           "-0.5",
                                           "-1e-130",
                                           "0",
                                           "1e-130",
                                           "0.5",
                                           "0.55",
                                           "1",
                                           "1.0000000000000000000000000000000000001",
                                           "1.01",
                                           "2",
                                           "9",
                                           "10",
                                           "11",
                                           "100",
                                           "12345678901234567890123456789012345677",
                                           "12345678901234567890123456789012345678",
                                           "1e125"};

  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j)
      EXPECT_EQ(compare_canonical_numbers(canonical(ascending[i]), canonical(ascending[j])),
                i <=> j)
          << ascending[i] << " and " << ascending[j];
}

TEST(CompareCanonicalNumbers, TakesNothingElse) {
  for (const char* text : {"", "1", "e5", "1e", "1ex"})
    EXPECT_THAT(failure_of([&] { compare_canonical_numbers(text, "1e0"); }), StartsWith("bug: "))
        << text;
}

TEST(PlainNumber, IsWrittenAsPeopleDo) {
  for (const auto& [canonical, plain] :
       std::vector<std::pair<const char*, const char*>>{{"0", "0"},
                                                        {"13e0", "13"},
                                                        {"-15e-1", "-1.5"},
                                                        {"1e3", "1000"},
                                                        {"5e-3", "0.005"},
                                                        {"12345e-2", "123.45"},
                                                        {"1e100", "1e100"},
                                                        {"1e-130", "1e-130"},
                                                        {"-1e-3", "-0.001"}})
    EXPECT_EQ(plain_number(canonical), plain) << canonical;
}

TEST(ParsedNumber, HasNoOuterZeros) {
  const std::optional<ParsedNumber> number = parse_number("-0012.500E+3");

  ASSERT_TRUE(number);
  EXPECT_EQ(number->coefficient(), "125");
  EXPECT_EQ(number->exponent, 2);
  EXPECT_EQ(number->magnitude(), 4);
  EXPECT_TRUE(number->negative);
}

TEST(ParsedNumber, OfZeroHasNoDigits) {
  for (const char* text : {"0", "-0", "0.00", "0e99"}) {
    const std::optional<ParsedNumber> number = parse_number(text);

    ASSERT_TRUE(number) << text;
    EXPECT_EQ(number->coefficient(), "") << text;
  }
}

TEST(ParsedNumber, HasAtMost38DigitsAndNoOtherCharacter) {
  const std::string digits(38, '7');

  EXPECT_TRUE(parse_number(digits + "000"));
  for (const std::string& text :
       {digits + "7", std::string{""}, std::string{"-"}, std::string{"."}, std::string{"1e"},
        std::string{"1 "}, std::string{"0x1"}, std::string{"NaN"}})
    EXPECT_FALSE(parse_number(text)) << text;
}

TEST(ParsedNumber, OfDynamoDbIsWithinItsLimits) {
  EXPECT_TRUE(parse_dynamodb_number("1e-130"));
  EXPECT_TRUE(parse_dynamodb_number("9.9e125"));
  EXPECT_FALSE(parse_dynamodb_number("1e-131"));
  EXPECT_FALSE(parse_dynamodb_number("1e126"));
  EXPECT_TRUE(parse_number("1e126"));
}

TEST(PlainNumber, IsAJsonNumberWithoutAnExponent) {
  for (const char* text : {"0", "-0", "10", "-1.50", "0.0"})
    EXPECT_TRUE(is_plain_number(text)) << text;
  for (const char* text : {"", "-", "+1", "01", ".5", "5.", "1e1", "1.", "--1", "1 "})
    EXPECT_FALSE(is_plain_number(text)) << text;
}

TEST(TakenDigits, AreDigitsAlone) {
  std::string_view text = "2026-01";

  EXPECT_EQ(take_digits(text, 4), 2026);
  EXPECT_EQ(text, "-01");
  EXPECT_EQ(take_digits(text, 2), std::nullopt);
  EXPECT_EQ(take_digits(text, 4), std::nullopt);
  EXPECT_EQ(text, "-01");
}

}  // namespace
}  // namespace dynamite
