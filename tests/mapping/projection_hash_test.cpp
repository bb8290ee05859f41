#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "mapping/projection.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::failure_of;
using testing::HasSubstr;
using testing::Not;

const KeySchema kKeys{.partition = {.name = "pk", .type = KeyType::S}, .sort = {}};
const auto kHashKey = std::make_shared<const HashKey>("a secret of enough bytes");

std::string shown(std::string_view image, MappingRules rules,
                  const std::shared_ptr<const HashKey>& key = kHashKey) {
  return std::string{Projection{rules, kKeys, key}.project(image, nullptr)};
}

/// What is shown of an item of one attribute `a`, which is hashed.
std::string hashed(std::string_view value) {
  return shown(R"({"a":)" + std::string{value} + "}", {.hash = {"a"}});
}

std::string of_digest(std::string_view bytes) {
  return R"({"a":{"S":")" + kHashKey->digest(bytes) + R"("}})";
}

/// An attribute `a` that is the set of the digests of these.
std::string set_of(const std::vector<std::string>& bytes) {
  std::vector<std::string> digests;
  for (const std::string& each : bytes) digests.push_back(kHashKey->digest(each));
  std::ranges::sort(digests);
  std::string json;
  for (const std::string& digest : digests) json += (json.empty() ? "\"" : ",\"") + digest + '"';
  return R"({"a":{"SS":[)" + json + "]}}";
}

TEST(Hash, OfAStringIsOfItsBytes) {
  EXPECT_EQ(hashed(R"({"S":"x@example.com"})"), of_digest("x@example.com"));
  EXPECT_EQ(hashed(R"({"S":""})"), of_digest(""));
  EXPECT_EQ(hashed(R"( { "S" : "\u00e9\"\u0000" } )"),
            of_digest(std::string_view{"\xC3\xA9\"\0", 4}));
  EXPECT_EQ(hashed(R"({"\u0053":"x"})"), of_digest("x"));
}

TEST(Hash, IsHmacSha256) {
  // printf %s x@example.com | openssl dgst -sha256 -hmac 'a secret of enough bytes'
  EXPECT_EQ(hashed(R"({"S":"x@example.com"})"),
            R"({"a":{"S":"0b79b8a8ac699c6d3c399baf06c0847082f44b0e69fceb919611424154c989b7"}})");
}

TEST(Hash, OfANumberIsOfItsCanonicalForm) {
  for (const char* number : {"13", "13.0", "1.3e1", "+013"})
    EXPECT_EQ(hashed(R"({"N":")" + std::string{number} + "\"}"), of_digest("13e0"));
  EXPECT_EQ(hashed(R"({"N":"-0.0"})"), of_digest("0"));
}

TEST(Hash, OfBinaryIsOfTheDecodedBytes) {
  EXPECT_EQ(hashed(R"({"B":"AP8="})"), of_digest(std::string_view{"\0\xff", 2}));
}

TEST(Hash, OfABooleanIsOfItsWord) {
  EXPECT_EQ(hashed(R"({"BOOL":true})"), of_digest("true"));
  EXPECT_EQ(hashed(R"({"BOOL":false})"), of_digest("false"));
}

TEST(Hash, LeavesNull) { EXPECT_EQ(hashed(R"({"NULL":true})"), R"({"a":{"NULL":true}})"); }

TEST(Hash, OfASetIsASetOfHashes) {
  EXPECT_EQ(hashed(R"({"SS":["b","a","c","d"]})"), set_of({"a", "b", "c", "d"}));
  EXPECT_EQ(hashed(R"({"NS":["2","1.0","30"]})"), set_of({"1e0", "2e0", "3e1"}));
  EXPECT_EQ(hashed(R"({"BS":["YQ==","Yg=="]})"), set_of({"a", "b"}));
  EXPECT_EQ(hashed(R"({"NS":["1","1.0"]})"), set_of({"1e0"}));
}

TEST(Hash, KeepsNamesAndPlacesWithin) {
  const std::string x = kHashKey->digest("x");

  EXPECT_EQ(hashed(R"({"M":{"name":{"L":[{"S":"x"},{"M":{}},{"NULL":true}]},"\u00e9":{"S":"x"}}})"),
            R"({"a":{"M":{"name":{"L":[{"S":")" + x +
                R"("},{"M":{}},{"NULL":true}]},"\u00e9":{"S":")" + x + R"("}}}})");
}

TEST(Hash, TakesWhatItsPatternsName) {
  const std::string x = R"({"S":")" + kHashKey->digest("x") + R"("})";
  constexpr std::string_view kImage =
      R"({"pk":{"S":"x"},"m":{"M":{"b":{"S":"x"},"c":{"S":"x"}}},"l":{"L":[{"S":"x"},{"S":"x"}]}})";

  EXPECT_EQ(shown(kImage, {.hash = {"m.c", "l[1]", "none"}}),
            R"({"pk":{"S":"x"},"m":{"M":{"b":{"S":"x"},"c":)" + x + R"(}},"l":{"L":[{"S":"x"},)" +
                x + "]}}");
  EXPECT_EQ(shown(kImage, {.hash = {"p*"}}),
            R"({"pk":)" + x + std::string{kImage.substr(kImage.find(",\"m\""))});
}

TEST(Hash, ShowsNothingThatOnlyAndOmitDoNot) {
  const std::string x = R"({"S":")" + kHashKey->digest("x") + R"("})";
  constexpr std::string_view kImage =
      R"({"pk":{"S":"o"},"a":{"M":{"b":{"S":"x"},"c":{"S":"x"}}},"d":{"S":"x"}})";

  EXPECT_EQ(shown(kImage, {.omit = {"a.b", "d"}, .hash = {"a", "d"}}),
            R"({"pk":{"S":"o"},"a":{"M":{"c":)" + x + "}}}");
  EXPECT_EQ(shown(kImage, {.omit = {"a"}, .hash = {"a.b"}}), R"({"pk":{"S":"o"},"d":{"S":"x"}})");
  EXPECT_EQ(shown(kImage, {.only = {"a.b"}, .hash = {"a", "d"}}),
            R"({"pk":{"S":"o"},"a":{"M":{"b":)" + x + "}}}");
  EXPECT_EQ(shown(kImage, {.only = {"d.e"}, .hash = {"d"}}), R"({"pk":{"S":"o"}})");
}

TEST(Hash, IsOfNoMatterToWhatMayBeShown) {
  const auto may_show = [](MappingRules rules, std::string_view path) {
    return Projection{rules, kKeys}.may_show(*AttributePath::parse(path));
  };

  EXPECT_TRUE(may_show({.hash = {"a"}}, "a.b"));
  EXPECT_TRUE(may_show({.hash = {"a.b"}}, "a"));
  EXPECT_FALSE(may_show({.omit = {"a.b"}, .hash = {"a"}}, "a.b"));
  EXPECT_FALSE(may_show({.only = {"x"}, .hash = {"a.b"}}, "a"));
  EXPECT_FALSE(may_show({.only = {"x"}, .hash = {"a"}}, "a"));
}

TEST(Hash, HoldsTheImageAgainstTheKeyBefore) {
  Projection projection{{.hash = {"pk"}}, kKeys, kHashKey};
  std::string canonical;
  append_key_part(canonical, "o");
  const ImageKey key{.schema = kKeys, .canonical = canonical};

  EXPECT_EQ(projection.project(R"({"pk":{"S":"o"}})", &key),
            R"({"pk":{"S":")" + kHashKey->digest("o") + R"("}})");
  EXPECT_THAT(failure_of([&] { projection.project(R"({"pk":{"S":"x"}})", &key); }),
              HasSubstr("another value than in the record's Keys"));
}

TEST(Hash, OfAnImageWithoutAKeyIsABug) {
  Projection projection{{.hash = {"a"}}, kKeys};

  EXPECT_EQ(failure_of([&] { projection.project(R"({"a":{"S":"x"}})", nullptr); }),
            "bug: an image is to be hashed without a key");
}

class NoValue : public testing::TestWithParam<const char*> {};

TEST_P(NoValue, IsRefusedAndNotSaid) {
  const std::string failure = failure_of([] { hashed(GetParam()); });

  EXPECT_THAT(failure, HasSubstr("poison: attribute \"a\": "));
  EXPECT_THAT(failure, Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(Values, NoValue,
                         testing::Values(R"("secret")", R"({"S":1})", R"({"N":"secret"})",
                                         R"({"B":"secret!"})", R"({"BOOL":"secret"})",
                                         R"({"BOOL":null})", R"({"NULL":"secret"})",
                                         R"({"NULL":false})", R"({"SS":"secret"})",
                                         R"({"NS":["secret"]})", R"({"BS":["secret!"]})",
                                         R"({"secret":"x"})", R"({"":"x"})", R"({})",
                                         R"({"S":"secret","N":"1"})", R"({"S":"\ud800"})"));

TEST(Hash, RefusesWhatNestsBeyondItemsOfDynamoDb) {
  const auto nested = [](std::size_t depth) {
    std::string value = R"({"S":"x"})";
    for (std::size_t i = 0; i < depth; ++i) value = R"({"L":[)" + value + "]}";
    return value;
  };

  EXPECT_EQ(failure_of([&] { hashed(nested(63)); }), "");
  EXPECT_EQ(failure_of([&] { hashed(nested(64)); }),
            "poison: attribute \"a\": nests beyond 64 levels");
  EXPECT_EQ(failure_of([&] { hashed(nested(100'000)); }),
            "poison: attribute \"a\": nests beyond 64 levels");
}

/// A value that holds the secret in one of the ways in which values can, some levels deep.
std::string planted(std::mt19937_64& random) {
  constexpr const char* kValues[] = {R"({"S":"planted"})",
                                     R"({"S":"pl\u0061nted"})",
                                     R"({"N":"86753090001"})",
                                     R"({"N":"8.6753090001e10"})",
                                     R"({"B":"cGxhbnRlZA=="})",
                                     R"({"SS":["planted","b"]})",
                                     R"({"NS":["1","86753090001"]})",
                                     R"({"BS":["cGxhbnRlZA==","YQ=="]})"};
  std::string value = kValues[random() % std::size(kValues)];
  for (auto levels = random() % 5; levels > 0; --levels)
    value = random() % 2 == 0 ? R"({"L":[{"NULL":true},)" + value + "]}"
                              : R"({"M":{"n":{"BOOL":true},"x":)" + value + "}}";
  return value;
}

TEST(Hash, LeavesNoSecret) {
  const auto other = std::make_shared<const HashKey>("another secret of bytes");
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::mt19937_64 random{seed};
    const std::string image = R"({"pk":{"S":"o"},"a":)" + planted(random) + R"(,"b":{"M":{"c":)" +
                              planted(random) + R"(,"d":{"S":"open"}}}})";
    const MappingRules rules{.hash = {"a", "*.c"}};

    const std::string out = shown(image, rules);

    for (const char* secret : {"planted", "u0061", "86753090001", "6753090001", "cGxhbnRlZA"})
      ASSERT_THAT(out, Not(HasSubstr(secret))) << image;
    ASSERT_THAT(out, HasSubstr(R"("d":{"S":"open"})"));
    ASSERT_EQ(shown(image, rules), out);
    ASSERT_NE(shown(image, rules, other), out);
  }
}

}  // namespace
}  // namespace dynamite
