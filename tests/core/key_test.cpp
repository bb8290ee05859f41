#include "core/key.hpp"

#include <gmock/gmock.h>

#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::failure_of;
using testing::StartsWith;

std::string key_of(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const std::string_view part : parts) append_key_part(key, part);
  return key;
}

TEST(Key, KeepsPartsApart) {
  EXPECT_NE(key_of({"a|b", "c"}), key_of({"a", "b|c"}));
  EXPECT_NE(key_of({"ab", ""}), key_of({"a", "b"}));
  EXPECT_NE(key_of({"ab"}), key_of({"a", "b"}));
}

TEST(Key, GivesItsPartsBack) {
  const std::string long_part(70'000, 'x');
  const std::string binary("\0\xFF\x10", 3);

  const std::string key = key_of({long_part, binary});
  const KeyParts parts = split_key(key);

  ASSERT_EQ(parts.count, 2U);
  EXPECT_EQ(parts.parts[0], long_part);
  EXPECT_EQ(parts.parts[1], binary);
}

TEST(Key, OfOneEmptyPartHasOnePart) {
  const std::string key = key_of({""});

  EXPECT_EQ(split_key(key).count, 1U);
  EXPECT_EQ(split_key(key).parts[0], "");
}

TEST(Key, ThatIsNotCanonicalIsABug) {
  const std::string three = key_of({"a", "b", "c"});
  const std::string cut = key_of({"abc"}).substr(0, 6);
  for (const std::string& key : {std::string{}, std::string{"abc"}, three, cut})
    EXPECT_THAT(failure_of([&] { split_key(key); }), StartsWith("bug: ")) << key.size();
}

}  // namespace
}  // namespace dynamite
