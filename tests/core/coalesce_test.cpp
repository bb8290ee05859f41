#include "core/coalesce.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>

namespace dynamite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Change change(std::string_view key, int version, std::string_view image = {},
              ChangeKind kind = ChangeKind::put) {
  return {.key = key,
          .image = image,
          .record = {},
          .version = Version{1, std::to_string(version)},
          .kind = kind};
}

auto is(std::string_view key, int version) {
  return testing::AllOf(testing::Field(&Change::key, key),
                        testing::Field(&Change::version, Version{1, std::to_string(version)}));
}

TEST(Coalesce, KeepsOnlyTheNewestChangeOfAKey) {
  const auto changes = coalesce(std::vector{change("k1", 1), change("k2", 2), change("k1", 3)});

  EXPECT_THAT(changes, ElementsAre(is("k1", 3), is("k2", 2)));
}

TEST(Coalesce, IgnoresAnOlderChangeThatComesLater) {
  const auto changes = coalesce(std::vector{change("k1", 10), change("k1", 9)});

  EXPECT_THAT(changes, ElementsAre(is("k1", 10)));
}

TEST(Coalesce, OfARemoveAndAPutKeepsTheNewer) {
  const auto changes =
      coalesce(std::vector{change("k1", 2, {}, ChangeKind::remove), change("k1", 1, "{}")});

  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, ChangeKind::remove);
}

TEST(Coalesce, OfEqualVersionsKeepsTheLater) {
  const auto changes = coalesce(std::vector{change("k1", 1, "first"), change("k1", 1, "second")});

  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].image, "second");
}

TEST(Coalesce, SortsByTheBytesOfTheKey) {
  const auto changes =
      coalesce(std::vector{change("\xFF", 1), change("b", 2), change("a", 3), change("", 4)});

  EXPECT_THAT(changes, ElementsAre(is("", 4), is("a", 3), is("b", 2), is("\xFF", 1)));
}

TEST(Coalesce, OfNothingIsNothing) { EXPECT_THAT(coalesce({}), IsEmpty()); }

TEST(Coalesce, EqualsAModelOverRandomBatches) {
  const std::array<std::string, 7> keys{"a", "b", "c", "d", "e", "f", "g"};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    std::vector<Change> changes;
    std::map<std::string_view, Version> model;
    for (std::uint64_t i = random() % 40; i > 0; --i) {
      changes.push_back(change(keys[random() % keys.size()], static_cast<int>(random() % 100)));
      Version& newest = model[changes.back().key];
      newest = std::max(newest, changes.back().version);
    }

    const auto coalesced = coalesce(changes);

    std::map<std::string_view, Version> result;
    for (const Change& newest : coalesced) result.emplace(newest.key, newest.version);
    EXPECT_EQ(result, model);
    EXPECT_EQ(coalesced.size(), model.size());
    EXPECT_TRUE(std::ranges::is_sorted(coalesced, {}, &Change::key));
  }
}

}  // namespace
}  // namespace dynamite
