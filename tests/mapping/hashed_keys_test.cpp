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
#include "support/errors.hpp"

namespace dynamite {
namespace {

using enum KeyType;
using test::failure_of;
using testing::StartsWith;

const auto kHashKey = std::make_shared<const HashKey>("a secret of enough bytes");
const KeySchema kKeys{.partition = {.name = "pk", .type = B},
                      .sort = KeyAttribute{.name = "sk", .type = N}};

Mapping hashing(std::vector<std::string> hash) {
  return {.rules = {.hash = std::move(hash), .hash_fingerprint = kHashKey->fingerprint()},
          .hash_key = kHashKey};
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

  EXPECT_EQ(HashedKeys(hashing({"email"}), kKeys).hashed(source), source);
  EXPECT_FALSE(HashedKeys(hashing({"email"}), kKeys).changes_keys());
  EXPECT_EQ(HashedKeys(hashing({"sk"}), kKeys).hashed(source),
            key_of(std::string_view{"\0\xff", 2}, kHashKey->digest("13e0")));
  EXPECT_TRUE(HashedKeys(hashing({"sk"}), kKeys).changes_keys());
  EXPECT_EQ(HashedKeys(hashing({"pk", "sk"}), kKeys).hashed(source),
            key_of(kHashKey->digest(std::string_view{"\0\xff", 2}), kHashKey->digest("13e0")));
}

TEST(HashedKeys, AreRefusedWithoutTheKey) {
  Mapping mapping = hashing({"pk"});
  mapping.hash_key.reset();

  EXPECT_THAT(failure_of([&] { HashedKeys(mapping, kKeys); }),
              StartsWith("usage: no key is given for what is hashed"));
}

TEST(HashedKeys, AreTheKeysOfHashedImages) {
  RandomItems items{7};
  for (const auto& hash : std::vector<std::vector<std::string>>{{"pk"}, {"sk"}, {"*"}, {"none"}}) {
    const Mapping mapping = hashing(hash);
    const HashedKeys keys{mapping, kKeys};
    Projection projection{mapping.rules, kKeys, kHashKey};
    for (std::uint64_t number = 0; number < 200; ++number) {
      const std::string image = items.item(kKeys, number);
      std::string source, target;
      append_canonical_key(source, image, kKeys);
      append_canonical_key(target, projection.project(image, nullptr),
                           hashed_schema(mapping.rules, kKeys));
      ASSERT_EQ(target, keys.hashed(source)) << image;
    }
  }
}

}  // namespace
}  // namespace dynamite
