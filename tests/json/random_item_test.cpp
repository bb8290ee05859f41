#include "json/random_item.hpp"

#include <gmock/gmock.h>

#include <set>

#include "json/item_key.hpp"
#include "json/text.hpp"
#include "support/natural_json.hpp"

namespace dynamite {
namespace {

using test::canonical_dynamodb_json;

const KeySchema kOrders{.partition = {.name = "pk", .type = KeyType::S},
                        .sort = KeyAttribute{.name = "sk", .type = KeyType::N}};

KeySchema schema_of(KeyType type) {
  return {.partition = {.name = "id", .type = type}, .sort = {}};
}

std::string canonical_key(std::string_view image, const KeySchema& key_schema) {
  std::string key;
  append_canonical_key(key, image, key_schema);
  return key;
}

TEST(RandomItems, AreTheSameForTheSameSeed) {
  RandomItems first{7};
  RandomItems second{7};
  RandomItems other{8};

  std::string of_first, of_second, of_other;
  for (std::uint64_t i = 0; i < 20; ++i) {
    of_first += first.item(kOrders, i);
    of_second += second.item(kOrders, i);
    of_other += other.item(kOrders, i);
  }

  EXPECT_EQ(of_first, of_second);
  EXPECT_NE(of_first, of_other);
}

TEST(RandomItems, HaveAKeyOfTheirOwnForEachNumber) {
  constexpr std::uint64_t kCount = 3'000;
  for (const KeyType type : {KeyType::S, KeyType::N, KeyType::B}) {
    std::set<std::string> keys;
    for (std::uint64_t i = 0; i < kCount; ++i)
      keys.insert(canonical_key(RandomItems::key(schema_of(type), i), schema_of(type)));

    EXPECT_EQ(keys.size(), kCount) << static_cast<char>(type);
  }
  std::set<std::string> keys;
  for (std::uint64_t i = 0; i < kCount; ++i)
    keys.insert(canonical_key(RandomItems::key(kOrders, i), kOrders));
  EXPECT_EQ(keys.size(), kCount);
}

TEST(RandomItems, HaveTheKeyOfTheirNumber) {
  RandomItems items{1};
  for (std::uint64_t i = 0; i < 500; ++i)
    EXPECT_EQ(canonical_key(items.item(kOrders, i), kOrders),
              canonical_key(RandomItems::key(kOrders, i), kOrders));
}

TEST(RandomItems, AreWellFormedAndSmall) {
  constexpr std::size_t kItemBytesMax = 400 * 1024;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string item = RandomItems{seed}.item(kOrders, seed);

    EXPECT_NO_THROW(canonical_dynamodb_json(item));
    EXPECT_LT(item.size(), kItemBytesMax / 2);
  }
}

TEST(RandomItems, HoldEveryType) {
  RandomItems items{3};
  std::string all;
  for (std::uint64_t i = 0; i < 300; ++i) all += items.item(kOrders, i);

  for (const char* type : {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"})
    EXPECT_THAT(all, testing::HasSubstr(std::string{"{\""} + type + "\":")) << type;
  for (const char* oddity : {"{\"L\":[]}", "{\"M\":{}}", "{\"S\":\"\"}", "{\"B\":\"\"}", "\\u0000"})
    EXPECT_THAT(all, testing::HasSubstr(oddity)) << oddity;
}

TEST(RandomItems, HoldNoNulIfToldSo) {
  RandomItems items{3, {.nul_characters = false}};
  for (std::uint64_t i = 0; i < 300; ++i) {
    std::string item = canonical_dynamodb_json(items.item(kOrders, i));
    for (auto at = item.find("\\\\"); at != std::string::npos; at = item.find("\\\\", at))
      item.erase(at, 2);  // an escaped backslash before u0000 is no NUL

    EXPECT_EQ(item.find("\\u0000"), std::string::npos);
  }
}

TEST(RandomItems, HaveNoMoreAttributesThanToldBesideTheKeys) {
  RandomItems items{3, {.attributes_max = 0}};

  const std::string item = items.item(kOrders, 5);

  EXPECT_EQ(item, RandomItems::key(kOrders, 5));
}

}  // namespace
}  // namespace dynamite
