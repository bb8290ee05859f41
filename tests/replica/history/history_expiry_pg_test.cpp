#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "replica/history/history_expiry.hpp"
#include "replica/history/history_fixture.hpp"

namespace dynamite::test {
namespace {

class HistoryExpiryTest : public HistoryTableTest {
 protected:
  /// What is older than a hundred seconds goes. `since`: in seconds before the test began; absent:
  /// from the beginning.
  std::uint64_t expire(std::optional<std::int64_t> since = {}) {
    HistorySpan span{.since = {}, .until = time_of(100)};
    if (since) span.since = time_of(*since);
    std::uint64_t total = 0;
    for (bool done = false; !done;) {
      const auto [deleted, nothing] = expire_some(span, 10'000);
      total += deleted;
      done = nothing;
    }
    return total;
  }
  /// By one statement: how many were deleted, and whether there was nothing to delete.
  std::pair<std::uint64_t, bool> expire_some(const HistorySpan& span, int rows_max) {
    const pg::Result result =
        connection->run(history_expiry_sql(*history, rows_max), params_of(span));
    return {static_cast<std::uint64_t>(result.number(0, 0)), result.flag(0, 1)};
  }
  std::string versions() {
    return query("SELECT string_agg(_version::text, ' ' ORDER BY _version) FROM orders_history");
  }
};

TEST_F(HistoryExpiryTest, ARowGoesOnceTheNextOneOfItsKeyIsOlderThanTheLimit) {
  add("a", 1, 300, "1");
  add("a", 2, 200, "2");
  add("a", 3, 50, "3");
  add("b", 4, 300, "4");

  EXPECT_EQ(expire(), 1U);

  EXPECT_EQ(versions(), "2 3 4") << "2 held until 50 seconds ago, and 4 holds now";
  EXPECT_EQ(expire(), 0U);
}

TEST_F(HistoryExpiryTest, ARemoveGoesBehindTheRowsBeforeIt) {
  add("a", 1, 300, "1");
  add("a", 2, 200);
  add("b", 3, 50);

  EXPECT_EQ(expire_some({.since = {}, .until = time_of(100)}, 100).first, 1U);
  EXPECT_EQ(versions(), "2 3") << "without 2 the item of 1 would be there again";
  EXPECT_EQ(expire(), 1U);
  EXPECT_EQ(versions(), "3");
}

TEST_F(HistoryExpiryTest, OnlyKeysThatHaveARowOfTheSpanAreLookedAt) {
  add("a", 1, 400, "1");
  add("a", 2, 300, "2");
  add("b", 3, 400, "3");
  add("b", 4, 300, "4");
  add("b", 5, 150);

  EXPECT_EQ(expire(200), 3U);
  EXPECT_EQ(versions(), "1 2");
  EXPECT_EQ(expire(350), 1U);
  EXPECT_EQ(versions(), "2");
}

TEST_F(HistoryExpiryTest, OfManyRowsSomeAreLeftToTheNextStatement) {
  query(
      "INSERT INTO orders_history (pk, item, change, mod_time, _version) "
      "SELECT 'a', '1', 'put', now() - interval '1 hour', n FROM generate_series(1, 1000) n");

  const auto [deleted, nothing] = expire_some({.since = {}, .until = time_of(100)}, 100);

  EXPECT_FALSE(nothing);
  EXPECT_GE(deleted, 50U);
  EXPECT_LE(deleted, 100U);
  expire();
  EXPECT_EQ(versions(), "1000");
}

TEST_F(HistoryExpiryTest, WhatIsSaidOfTheKeptTimeStays) {
  std::mt19937_64 random{std::random_device{}()};
  const auto seed = random();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  random.seed(seed);
  for (std::uint64_t version = 1; version <= 100; ++version) {
    auto age = static_cast<std::int64_t>(random() % 30) * 10;
    if (age == 100) age = 90;  // no row is just at the limit
    add(fmt::format("k{}", random() % 8), version, age,
        random() % 3 == 0 ? "" : std::to_string(version));
  }
  std::vector<std::string> before;
  for (std::int64_t age = 95; age >= 0; age -= 5) before.push_back(as_of(age));

  EXPECT_GT(expire(), 0U);
  EXPECT_EQ(expire(), 0U);

  std::vector<std::string> after;
  for (std::int64_t age = 95; age >= 0; age -= 5) after.push_back(as_of(age));
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace dynamite::test
