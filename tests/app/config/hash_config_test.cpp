#include <gmock/gmock.h>

#include <string>

#include "app/config/config.hpp"
#include "app/config/config_fixture.hpp"

namespace dynamite {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(ConfigTest, TheKeyOfHashIsReadAndNeverShown) {
  const std::string two = std::string{kTwoKeys};

  EXPECT_EQ(load(two + "hash_key = '0123456789abcdef'\n").hash_key->fingerprint(),
            HashKey{"0123456789abcdef"}.fingerprint());
  EXPECT_EQ(load(two + "hash_key_secret = 'name'\n").hash_key_secret, "name");
  EXPECT_EQ(load(two).hash_key, nullptr);
  EXPECT_THAT(error_of(two + "hash_key = 'too short'\n"),
              AllOf(HasSubstr("hash_key is not what it must be, wanted a text of at least 16"),
                    Not(HasSubstr("too short"))));
  EXPECT_THAT(error_of(two + "hash_key = 4711\n"), Not(HasSubstr("4711")));
  EXPECT_THAT(error_of(two + "hash_key = '0123456789abcdef'\nhash_key_secret = 'name'\n"),
              HasSubstr("hash_key and hash_key_secret are both given"));
}

TEST_F(ConfigTest, HashIsAListOfPatterns) {
  const auto hash = [&](const std::string& list) {
    return std::string{kTwoKeys} + "[[table]]\nname = 'Orders'\nhash = " + list + "\n";
  };

  EXPECT_THAT(load(hash("['pk', 'address.*']")).tables.at(0).targets.at(0).mapping.hash,
              ElementsAre("pk", "address.*"));
  EXPECT_THAT(error_of(hash("['a..b']")), HasSubstr("hash"));
}

}  // namespace
}  // namespace dynamite
