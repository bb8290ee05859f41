#include "mapping/hashed_keys.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/key.hpp"
#include "json/item_key.hpp"
#include "json/random_item.hpp"
#include "mapping/projection.hpp"

namespace dynamite {
namespace {

using enum KeyType;
using testing::ElementsAre;
using testing::IsEmpty;

const auto kHashKey = std::make_shared<const HashKey>("a secret of enough bytes");
const KeySchema kKeys{.partition = {.name = "pk", .type = B},
                      .sort = KeyAttribute{.name = "sk", .type = N}};

std::string hashed(std::vector<std::string> hash, std::string_view source_key) {
  return std::string{HashedKeys({.hash = std::move(hash)}, kKeys, kHashKey).of(source_key)};
}

std::string key_of(std::string_view partition, std::string_view sort) {
  std::string key;
  append_key_part(key, partition);
  append_key_part(key, sort);
  return key;
}

TEST(HashedSchema, HasStringsWhereKeysAreHashed) {
  const auto types = [](std::vector<std::string> hash) {
    const KeySchema schema = hashed_schema({.hash = std::move(hash)}, kKeys);
    EXPECT_EQ(schema.partition.name, "pk");
    EXPECT_EQ(schema.sort->name, "sk");
    return std::pair{schema.partition.type, schema.sort->type};
  };

  EXPECT_EQ(types({}), (std::pair{B, N}));
  EXPECT_EQ(types({"email", "pk.x", "sk[0]"}), (std::pair{B, N}));
  EXPECT_EQ(types({"pk"}), (std::pair{S, N}));
  EXPECT_EQ(types({"email", "s*"}), (std::pair{B, S}));
  EXPECT_EQ(types({"*"}), (std::pair{S, S}));
}

TEST(HashedSchema, OfAKeyWithoutSortKey) {
  const KeySchema keys{.partition = {.name = "pk", .type = N}, .sort = {}};

  EXPECT_EQ(hashed_schema({.hash = {"*"}}, keys),
            (KeySchema{.partition = {.name = "pk", .type = S}, .sort = {}}));
}

TEST(HashedKeys, HashTheBytesOfTheCanonicalKey) {
  const std::string source = key_of(std::string_view{"\0\xff", 2}, "13e0");

  EXPECT_EQ(hashed({"email"}, source), source);
  EXPECT_EQ(hashed({"sk"}, source),
            key_of(std::string_view{"\0\xff", 2}, kHashKey->digest("13e0")));
  EXPECT_EQ(hashed({"pk", "sk"}, source),
            key_of(kHashKey->digest(std::string_view{"\0\xff", 2}), kHashKey->digest("13e0")));
}

TEST(HashedKeys, KnowTheAttributes) {
  const auto names = [](std::vector<std::string> hash) {
    return hashed_key_attributes({.hash = std::move(hash)}, kKeys);
  };

  EXPECT_THAT(names({"email", "pk.x"}), IsEmpty());
  EXPECT_THAT(names({"sk"}), ElementsAre("sk"));
  EXPECT_THAT(names({"?k"}), ElementsAre("pk", "sk"));
}

TEST(HashedKeys, AreTheKeysOfHashedImages) {
  RandomItems items{7};
  for (const auto& hash : std::vector<std::vector<std::string>>{{"pk"}, {"sk"}, {"*"}, {"none"}}) {
    const MappingRules rules{.hash = hash};
    HashedKeys keys{rules, kKeys, kHashKey};
    Projection projection{rules, kKeys, kHashKey};
    for (std::uint64_t number = 0; number < 200; ++number) {
      const std::string image = items.item(kKeys, number);
      std::string source, target;
      append_canonical_key(source, image, kKeys);
      append_canonical_key(target, projection.project(image, nullptr), hashed_schema(rules, kKeys));
      ASSERT_EQ(target, keys.of(source)) << image;
    }
  }
}

}  // namespace
}  // namespace dynamite
