#include <gmock/gmock.h>

#include <set>

#include "core/key.hpp"
#include "decode/records.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::canonical_key;
using test::failure_of;
using test::key_schema;

const KeySchema kS = key_schema(KeyType::S);
const KeySchema kN = key_schema(KeyType::N);
const KeySchema kB = key_schema(KeyType::B);
const KeySchema kSS = key_schema(KeyType::S, KeyType::S);
const KeySchema kSN = key_schema(KeyType::S, KeyType::N);

std::string part(std::string_view image, const KeySchema& schema, std::size_t index = 0) {
  const std::string key = canonical_key(image, schema);
  return std::string{split_key(key).parts[index]};
}

TEST(CanonicalKey, HoldsTheBytesOfItsTypes) {
  EXPECT_EQ(part(R"({"pk":{"S":"a\n\u00e9"}})", kS), "a\n\xC3\xA9");
  EXPECT_EQ(part(R"({"pk":{"N":"-1.50"}})", kN), "-15e-1");
  EXPECT_EQ(part(R"({"pk":{"B":"AP8Q"}})", kB), std::string("\0\xFF\x10", 3));
}

TEST(CanonicalKey, IsOneForEqualNumbers) {
  const std::string one = canonical_key(R"({"pk":{"N":"1"}})", kN);

  for (const char* number : {"1.0", "1e0", "01", "+1", "10E-1"})
    EXPECT_EQ(canonical_key(fmt::format(R"({{"pk":{{"N":"{}"}}}})", number), kN), one) << number;
  EXPECT_NE(canonical_key(R"({"pk":{"N":"1.1"}})", kN), one);
}

TEST(CanonicalKey, IsOneForAllSpellingsOfAString) {
  EXPECT_EQ(canonical_key(R"({"pk":{"S":"a/b"}})", kS),
            canonical_key(R"({"\u0070k":{"\u0053":"\u0061\/b"}})", kS));
}

TEST(CanonicalKey, KeepsItsPartsApart) {
  EXPECT_NE(canonical_key(R"({"pk":{"S":"a|b"},"sk":{"S":"c"}})", kSS),
            canonical_key(R"({"pk":{"S":"a"},"sk":{"S":"b|c"}})", kSS));
}

TEST(CanonicalKey, HasThePartitionKeyFirstInAnyOrderOfAttributes) {
  const char* image = R"({"a":{"L":[{"M":{"pk":{"S":"no"}}}]},"sk":{"N":"7"},"pk":{"S":"x"}})";

  EXPECT_EQ(part(image, kSN, 0), "x");
  EXPECT_EQ(part(image, kSN, 1), "7e0");
}

TEST(CanonicalKey, KeepsStringsApartThatLookAlike) {
  std::set<std::string> keys;
  for (const char* text : {"a", "A", "a ", "\xC3\xA9", "e\xCC\x81", ""})
    keys.insert(canonical_key(fmt::format(R"({{"pk":{{"S":"{}"}}}})", text), kS));

  EXPECT_EQ(keys.size(), 6U);
}

TEST(CanonicalKey, IsAppended) {
  std::string key = "before";

  append_canonical_key(key, R"({"pk":{"S":"a"}})", kS);

  EXPECT_EQ(key, "before" + canonical_key(R"({"pk":{"S":"a"}})", kS));
}

struct Poison {
  const char* image;
  const KeySchema* schema;
  const char* reason;
};

class PoisonedKey : public testing::TestWithParam<Poison> {};

TEST_P(PoisonedKey, IsRefusedAndLeavesTheOutputAsItWas) {
  std::string key = "before";

  EXPECT_THAT(failure_of([&] { append_canonical_key(key, GetParam().image, *GetParam().schema); }),
              testing::HasSubstr(GetParam().reason))
      << GetParam().image;
  EXPECT_EQ(key, "before");
}

INSTANTIATE_TEST_SUITE_P(
    Table, PoisonedKey,
    testing::Values(
        Poison{"{}", &kS, "poison: key attribute \"pk\" is missing"},
        Poison{R"({"PK":{"S":"a"}})", &kS, "key attribute \"pk\" is missing"},
        Poison{R"({"pk":{"S":"a"}})", &kSN, "key attribute \"sk\" is missing"},
        Poison{R"({"sk":{"N":"1"}})", &kSN, "key attribute \"pk\" is missing"},
        Poison{R"({"pk":{"S":"a"},"pk":{"S":"a"}})", &kS, "key attribute \"pk\" is there twice"},
        Poison{R"({"pk":{"S":"a"},"\u0070k":{"S":"b"}})", &kS, "is there twice"},
        Poison{R"({"pk":{"N":"1"}})", &kS, "key attribute \"pk\" is of type N, wanted type S"},
        Poison{R"({"pk":{"S":"1"}})", &kN, "key attribute \"pk\" is of type S, wanted type N"},
        Poison{R"({"pk":{"SS":["1"]}})", &kS, "is of type SS, wanted type S"},
        Poison{R"({"pk":{"S":5}})", &kS, "has a number for its S, wanted a string"},
        Poison{R"({"pk":{}})", &kS, "has no type, wanted type S"},
        Poison{R"({"pk":"a"})", &kS,
               "key attribute \"pk\" is a string, wanted an object of type and value"},
        Poison{R"({"pk":null})", &kS, "is a null, wanted an object"},
        Poison{R"({"pk":{"S":"a","N":"1"}})", &kS, "has more than one type"},
        Poison{R"({"pk":{"N":"x"}})", &kN, "poison: number is not decimal"},
        Poison{R"({"pk":{"B":"AP8"}})", &kB, "poison: binary is not standard Base64"},
        Poison{R"({"pk":{"S":"a\u0000b"}})", &kS, "holds U+0000, which PostgreSQL cannot store"},
        Poison{R"({"pk":{"S":"\ud83d"}})", &kS, "lone surrogate"},
        Poison{R"({"pk":{"S":"a"},"x":})", &kS, "not JSON"},
        Poison{R"({"pk":{"S":"a"})", &kS, "not JSON"},
        Poison{R"([])", &kS, "an array where an object must be"},
        Poison{R"({"pk":{"S":"a"}}{})", &kS, "not JSON: more text behind the end"}));

}  // namespace
}  // namespace dynamite
