#include "where/clause.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/key.hpp"
#include "support/errors.hpp"
#include "support/mutation.hpp"
#include "support/random_clause.hpp"

namespace dynamite {
namespace {

using test::error_of;
using test::failure_of;
using test::RandomClauses;

bool takes(std::string_view clause, std::string_view image) {
  return Clause::parse(clause).matches(image);
}

struct Case {
  const char* clause;
  const char* taken;  ///< an image
  const char* left;   ///< another, which the clause does not take
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.clause; }

class ClauseTakes : public testing::TestWithParam<Case> {};

TEST_P(ClauseTakes, OneItemAndLeavesAnother) {
  EXPECT_TRUE(takes(GetParam().clause, GetParam().taken)) << GetParam().taken;
  EXPECT_FALSE(takes(GetParam().clause, GetParam().left)) << GetParam().left;
}

INSTANTIATE_TEST_SUITE_P(
    Missing, ClauseTakes,
    testing::Values(Case{"NOT a = 1", R"({})", R"({"a":{"N":"1"}})"},
                    Case{"a <> 1", R"({})", R"({"a":{"N":"1.0"}})"},
                    Case{"NOT a < 5", R"({"b":{"N":"1"}})", R"({"a":{"N":"1"}})"},
                    Case{"a <> b", R"({})", R"({"a":{"S":"x"},"b":{"S":"x"}})"},
                    Case{"a NOT IN [1, 2]", R"({})", R"({"a":{"N":"2"}})"},
                    Case{"a NOT BETWEEN 1 AND 2", R"({})", R"({"a":{"N":"2"}})"},
                    Case{"NOT begins_with(a, 'x')", R"({})", R"({"a":{"S":"x"}})"},
                    Case{"a IS MISSING", R"({})", R"({"a":{"NULL":true}})"},
                    Case{"a IS NOT MISSING", R"({"a":{"NULL":true}})", R"({})"},
                    Case{"a IS NULL", R"({"a":{"NULL":true}})", R"({})"},
                    Case{"a IS NOT NULL", R"({})", R"({"a":{"NULL":true}})"},
                    Case{"a = null", R"({"a":{"NULL":true}})", R"({})"},
                    Case{"attribute_exists(a)", R"({"a":{"S":""}})", R"({"A":{"S":""}})"},
                    Case{"attribute_not_exists(a)", R"({"A":{"S":""}})", R"({"a":{"S":""}})"},
                    Case{"size(a) <> 1", R"({"a":{"N":"1"}})", R"({"a":{"S":"x"}})"}));

INSTANTIATE_TEST_SUITE_P(
    Types, ClauseTakes,
    testing::Values(Case{"a = 1", R"({"a":{"N":"1"}})", R"({"a":{"S":"1"}})"},
                    Case{"a = '1'", R"({"a":{"S":"1"}})", R"({"a":{"N":"1"}})"},
                    Case{"a = 'YQ=='", R"({"a":{"S":"YQ=="}})", R"({"a":{"B":"YQ=="}})"},
                    Case{"a < 2", R"({"a":{"N":"1"}})", R"({"a":{"S":"1"}})"},
                    Case{"NOT a < 2", R"({"a":{"S":"1"}})", R"({"a":{"N":"1"}})"},
                    Case{"a <= b", R"({"a":{"B":"YQ=="},"b":{"B":"YWI="}})",
                         R"({"a":{"BOOL":true},"b":{"BOOL":true}})"},
                    Case{"a = true", R"({"a":{"BOOL":true}})", R"({"a":{"BOOL":false}})"},
                    Case{"attribute_type(a, 'SS')", R"({"a":{"SS":["1"]}})",
                         R"({"a":{"NS":["1"]}})"},
                    Case{"a = <<'1'>>", R"({"a":{"SS":["1"]}})", R"({"a":{"NS":["1"]}})"},
                    Case{"a = ['1']", R"({"a":{"L":[{"S":"1"}]}})", R"({"a":{"L":[{"N":"1"}]}})"},
                    Case{"contains(a, 'x')", R"({"a":{"S":"axb"}})", R"({"a":{"B":"eHg="}})"},
                    Case{"contains(a, 1)", R"({"a":{"NS":["2","1.0"]}})", R"({"a":{"SS":["1"]}})"},
                    Case{"contains(a, b)", R"({"a":{"BS":["YQ==","Yg=="]},"b":{"B":"Yg=="}})",
                         R"({"a":{"SS":["Yg=="]},"b":{"B":"Yg=="}})"},
                    Case{"begins_with(a, b)", R"({"a":{"B":"YWI="},"b":{"B":"YQ=="}})",
                         R"({"a":{"S":"YWI="},"b":{"B":"YQ=="}})"}));

INSTANTIATE_TEST_SUITE_P(
    Values, ClauseTakes,
    testing::Values(
        Case{"a = 12345678901234567890123456789012345678",
             R"({"a":{"N":"1234567890123456789012345678901234567.8e1"}})",
             R"({"a":{"N":"12345678901234567890123456789012345679"}})"},
        Case{"a > 9007199254740992", R"({"a":{"N":"9007199254740993"}})",
             R"({"a":{"N":"9007199254740992"}})"},
        Case{"a > 9", R"({"a":{"N":"10"}})", R"({"a":{"N":"-10"}})"},
        Case{"a > '9'", R"({"a":{"S":"91"}})", R"({"a":{"S":"10"}})"},
        Case{"a >= 1e-130", R"({"a":{"N":"1E-130"}})", R"({"a":{"N":"0"}})"},
        // U+FFFF is before U+1F600 by UTF-8, and behind it by UTF-16.
        Case{"a < b", R"({"a":{"S":"\uffff"},"b":{"S":"\ud83d\ude00"}})",
             R"({"a":{"S":"\ud83d\ude00"},"b":{"S":"\uffff"}})"},
        Case{"a < b", R"({"a":{"B":"fw=="},"b":{"B":"gA=="}})",
             R"({"a":{"B":"gA=="},"b":{"B":"fw=="}})"},
        Case{"a BETWEEN 1 AND 2", R"({"a":{"N":"2.0"}})", R"({"a":{"N":"2.01"}})"},
        Case{"1 BETWEEN a AND b", R"({"a":{"N":"1"},"b":{"N":"2"}})",
             R"({"a":{"N":"2"},"b":{"N":"1"}})"},
        Case{"a IN ['x', b]", R"({"a":{"N":"1"},"b":{"N":"1.0"}})", R"({"a":{"S":"y"}})"},
        Case{"a = {'k': 1, 'l': [<<2, 1>>]}",
             R"({"a":{"M":{"l":{"L":[{"NS":["1.0","2"]}]},"k":{"N":"1.0"}}}})",
             R"({"a":{"M":{"l":{"L":[{"NS":["1"]},{"N":"2"}]},"k":{"N":"1.0"}}}})"},
        Case{"a = [1, 2]", R"({"a":{"L":[{"N":"1"},{"N":"2"}]}})",
             R"({"a":{"L":[{"N":"2"},{"N":"1"}]}})"},
        Case{"a = []", R"({"a":{"L":[]}})", R"({"a":{"L":[{"L":[]}]}})"},
        Case{"a = {}", R"({"a":{"M":{}}})", R"({"a":{"L":[]}})"},
        Case{"contains(a, [1])", R"({"a":{"L":[{"S":"x"},{"L":[{"N":"1.0"}]}]}})",
             R"({"a":{"L":[{"N":"1"}]}})"},
        Case{"contains(a, null)", R"({"a":{"L":[{"NULL":true}]}})", R"({"a":{"NULL":true}})"},
        Case{"size(a) = 3", R"({"a":{"S":"\u00e9\ud83d\ude00"}})",
             R"({"a":{"S":"\u00e9\u00e9\u00e9\u00e9"}})"},
        Case{"size(a) = 2", R"({"a":{"B":"YWI="}})", R"({"a":{"B":"YQ=="}})"},
        Case{"size(a) = 2", R"({"a":{"M":{"k":{"L":[]},"l":{"S":"x"}}}})", R"({"a":{"N":"22"}})"},
        Case{"size(a) < size(b)", R"({"a":{"L":[]},"b":{"NS":["1"]}})", R"({"a":{"L":[]}})"},
        Case{"size(a) = b", R"({"a":{"S":"x"},"b":{"N":"1.0"}})",
             R"({"a":{"S":"x"},"b":{"S":"1"}})"}));

INSTANTIATE_TEST_SUITE_P(
    Paths, ClauseTakes,
    testing::Values(
        Case{"a.b[1].\"c.d\" = 1", R"({"a":{"M":{"b":{"L":[{"S":""},{"M":{"c.d":{"N":"1"}}}]}}}})",
             R"({"a":{"M":{"b":{"L":[{"M":{"c.d":{"N":"1"}}}]}}}})"},
        Case{"a.b IS MISSING", R"({"a":{"L":[]}})", R"({"a":{"M":{"b":{"NULL":true}}}})"},
        Case{"a[0] IS MISSING", R"({"a":{"SS":["x"]}})", R"({"a":{"L":[{"S":"x"}]}})"},
        Case{"\"a.b\" = 1", R"({"a.b":{"N":"1"}})", R"({"a":{"M":{"b":{"N":"1"}}}})"},
        Case{"size(a.b) = 1", R"({"a":{"M":{"b":{"S":"x"}}}})", R"({"a":{"S":"x"}})"}));

INSTANTIATE_TEST_SUITE_P(
    Spelling, ClauseTakes,
    testing::Values(
        Case{"\"\xC3\xA9\" = 'it''s \"\xC3\xA9\"'", R"({"\u00e9":{"S":"it's \"\u00E9\""}})",
             R"({"e":{"S":"it's \"\u00e9\""}})"},
        Case{"a.b = 1", R"( { "\u0061" : { "\u004d" : { "\u0062" : { "\u004e" : "\u0031" } } } } )",
             R"({"\u0062":{"M":{"b":{"N":"1"}}}})"},
        Case{"contains(a, 'x/y')", R"({"a":{"SS":["x\/y"]}})", R"({"a":{"SS":["x\\/y"]}})"},
        Case{"attribute_type(a, 'B')", R"({"a":{"B":"\u0059Q=="}})", R"({"a":{"S":"YQ=="}})"}));

INSTANTIATE_TEST_SUITE_P(
    Joined, ClauseTakes,
    testing::Values(Case{"a = 1 OR a = 2 AND b = 1", R"({"a":{"N":"1"}})", R"({"a":{"N":"2"}})"},
                    Case{"(a = 1 OR a = 2) AND b = 1", R"({"a":{"N":"1"},"b":{"N":"1"}})",
                         R"({"a":{"N":"1"}})"},
                    Case{"NOT a = 1 AND b = 1", R"({"b":{"N":"1"}})", R"({"a":{"N":"1"}})"},
                    Case{"NOT (a = 1 AND b = 1)", R"({"a":{"N":"1"}})",
                         R"({"a":{"N":"1"},"b":{"N":"1"}})"},
                    Case{"NOT NOT a = 1", R"({"a":{"N":"1"}})", R"({})"},
                    Case{"NOT a IS NOT MISSING", R"({})", R"({"a":{"N":"1"}})"},
                    Case{"a BETWEEN 1 AND 2 AND b = 1", R"({"a":{"N":"1"},"b":{"N":"1"}})",
                         R"({"a":{"N":"1"}})"}));

TEST(ClausePoison, IsAnImageThatIsMalformedWhereTheClauseLooks) {
  const auto failure = [](std::string_view clause, std::string_view image) {
    return failure_of([&] { takes(clause, image); });
  };

  for (const char* image : {"",
                            "[]",
                            R"({"a":{"N":"1"})",
                            R"({"b":x})",
                            R"({"a":{"N":"1"}}})",
                            R"({"a":1})",
                            R"({"a":{}})",
                            R"({"a":{"N":1}})",
                            R"({"a":{"N":"x"}})",
                            R"({"a":{"S":"\ud800"}})",
                            R"({"a":{"B":"YR=="}})",
                            R"({"a":{"BOOL":"true"}})",
                            R"({"a":{"BOOL":null}})",
                            R"({"a":{"NULL":false}})",
                            R"({"a":{"L":{}}})",
                            R"({"a":{"M":[]}})",
                            R"({"a":{"SS":"x"}})",
                            R"({"a":{"X":"x"}})",
                            R"({"a":{"S":"x","N":"1"}})",
                            R"({"a":{"N":"1"},"a":{"N":"1"}})",
                            R"({"a":{"N":"1"},"\u0061":{"N":"1"}})"})
    EXPECT_THAT(failure("a = 1", image), testing::StartsWith("poison: ")) << image;
  EXPECT_THAT(failure("a = [1]", R"({"a":{"L":[{"N":"x"}]}})"), testing::StartsWith("poison: "));
  EXPECT_THAT(failure("contains(a, 1)", R"({"a":{"NS":["x"]}})"), testing::StartsWith("poison: "));
}

TEST(ClausePoison, DoesNotTellTheContent) {
  const Error error = error_of([] { takes("a = 1", R"({"a":{"secret":"secret"}})"); });

  EXPECT_STREQ(error.what(), "attribute value has an unknown type");
}

// What the image is malformed in elsewhere, the layout finds.
TEST(ClausePoison, IsNotSearchedForInOtherAttributes) {
  EXPECT_TRUE(takes("a = 1", R"({"a":{"N":"1"},"b":{"N":"x"},"b":1})"));
}

const KeySchema kKeys{.partition = {.name = "pk", .type = KeyType::B},
                      .sort = KeyAttribute{.name = "sk", .type = KeyType::N}};

std::string key(std::string_view partition, std::string_view sort) {
  std::string canonical;
  append_key_part(canonical, partition);
  append_key_part(canonical, sort);
  return canonical;
}

TEST(ClauseByKey, IsDecidedIfOnlyKeyAttributesAreNamed) {
  const auto decided = [](std::string_view clause) {
    return Clause::parse(clause).decided_by_keys(kKeys);
  };

  EXPECT_TRUE(decided("begins_with(pk, 'x') AND NOT sk < 1"));
  EXPECT_TRUE(decided("pk.a IS MISSING"));
  EXPECT_TRUE(decided("1 = 1"));
  EXPECT_FALSE(decided("sk = 1 OR a = 1"));
  EXPECT_FALSE(decided("size(pk) = size(a)"));
  EXPECT_FALSE(decided("PK IS MISSING"));
  EXPECT_FALSE(Clause::parse("sk = 1").decided_by_keys({.partition = kKeys.partition, .sort = {}}));
}

TEST(ClauseByKey, TakesWhatItTakesOfTheImage) {
  const auto taken = [](std::string_view clause) {
    const bool by_key = Clause::parse(clause).matches_key(key("a\xFF", "15e-1"), kKeys);
    EXPECT_EQ(by_key, takes(clause, R"({"pk":{"B":"Yf8="},"sk":{"N":"1.5"},"a":{"S":"x"}})"));
    return by_key;
  };

  EXPECT_TRUE(taken("sk = 1.50"));
  EXPECT_TRUE(taken("sk BETWEEN 1 AND 2 AND size(pk) = 2"));
  EXPECT_TRUE(taken("attribute_type(pk, 'B') AND attribute_exists(sk)"));
  EXPECT_TRUE(taken("pk.a IS MISSING AND pk[0] IS MISSING"));
  EXPECT_TRUE(taken("pk <> 'a' AND NOT pk < sk"));
  EXPECT_FALSE(taken("sk = '1.5'"));
  EXPECT_FALSE(taken("pk IS NULL OR sk IS MISSING"));
  EXPECT_FALSE(taken("size(sk) = 3"));
}

TEST(ClauseByKey, IsABugForOtherClauses) {
  const Error error = error_of([] { Clause::parse("a = 1").matches_key(key("a", "0"), kKeys); });

  EXPECT_EQ(error.kind(), Error::Kind::bug);
}

TEST(ClauseProperty, MutatedClausesAreTakenOrRefused) {
  int taken = 0;
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random{seed};
    const std::string text = test::mutated(
        RandomClauses{seed}.clause(),
        {.bytes = "()[]{}<>=!'\".,:-+ aAN1eE0;\n", .count = 1 + random() % 3}, random);
    const std::string failure = failure_of([&] { Clause::parse(text); });
    ASSERT_THAT(failure, testing::AnyOf("", testing::StartsWith("usage: clause of \"where\", ")))
        << text;
    (failure.empty() ? taken : refused) += 1;
  }
  EXPECT_GT(taken, 300);
  EXPECT_GT(refused, 500);
}

TEST(ClauseProperty, MutatedImagesAreTakenLeftOrRefused) {
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random{seed};
    RandomClauses clauses{seed};
    const std::string image = test::mutated(
        clauses.item(seed),
        {.bytes = "{}[]\",:\\u0dSNBML19eE-+./=tfn\x01", .count = 1 + random() % 3}, random);
    const std::string text = clauses.clause();
    if (!failure_of([&] { Clause::parse(text); }).empty()) continue;
    const std::string failure = failure_of([&] { takes(text, image); });
    ASSERT_THAT(failure, testing::AnyOf("", testing::StartsWith("poison: "))) << image;
    refused += failure.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace dynamite
