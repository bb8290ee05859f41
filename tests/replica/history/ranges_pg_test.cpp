#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "replica/history/history_fixture.hpp"

namespace dynamite::test {
namespace {

using RangesTest = HistoryTableTest;

TEST_F(RangesTest, EachRowHoldsUntilTheNextOneOfItsKey) {
  add("a", 1, 300, "1");
  add("b", 2, 250, "2");
  add("a", 3, 200, "3");
  add("a", 4, 100);

  EXPECT_EQ(query("SELECT pk, item, extract(epoch FROM valid_to - valid_from)::integer, _version "
                  "FROM orders_ranges ORDER BY pk, _version"),
            "a|1|100|1\na|3|100|3\na|NULL|NULL|4\nb|2|NULL|2");
  EXPECT_EQ(as_of(301), "");
  EXPECT_EQ(as_of(300), "a|1");
  EXPECT_EQ(as_of(150), "a|3\nb|2");
  EXPECT_EQ(as_of(0), "b|2");
}

TEST_F(RangesTest, ARowWhoseClockWentBackHoldsFromTheRowBeforeItOn) {
  add("a", 1, 100, "1");
  add("a", 2, 110, "2");

  EXPECT_EQ(as_of(105), "") << "at that time nothing was known";
  EXPECT_EQ(as_of(100), "a|2") << "the first row held for no time at all";
}

TEST_F(RangesTest, NamesOfKeysAreLeftAlone) {
  history.emplace(schema(), "events",
                  KeySchema{.partition = {.name = "change", .type = KeyType::S},
                            .sort = KeyAttribute{.name = "valid_to", .type = KeyType::N}});
  for (const std::string& sql : history_table_sql(*history, "\"events\"")) query(sql);

  query(R"(INSERT INTO events_history VALUES ('k', 7, '1', NULL, 'put', now(), 1))");

  EXPECT_EQ(
      query(R"(SELECT "change", "valid_to", item, "change_", "valid_to_" FROM events_ranges)"),
      "k|7|1|put|NULL");
}

TEST_F(RangesTest, AHistoryThatIsThereStays) {
  add("a", 1, 100, "1");

  make(keys(KeyType::S));

  EXPECT_EQ(as_of(0), "a|1");
  for (const std::string& sql : drop_history_sql(*history)) query(sql);
  EXPECT_EQ(query("SELECT to_regclass('orders_history'), to_regclass('orders_ranges')"),
            "NULL|NULL");
}

/// The row of a key that holds at a time, of rows in the order of their versions.
std::string held(const std::vector<std::pair<std::int64_t, std::string>>& rows, std::int64_t age) {
  std::string item;
  std::int64_t latest = std::numeric_limits<std::int64_t>::max();
  for (const auto& [of_row, shown] : rows) {
    latest = std::min(latest, of_row);  // the smallest age
    if (latest >= age) item = shown;
  }
  return item;
}

TEST_F(RangesTest, AtEachTimeAKeyHasOneRowWhateverTheClocksSay) {
  std::mt19937_64 random{std::random_device{}()};
  const auto seed = random();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  random.seed(seed);
  std::map<std::string, std::vector<std::pair<std::int64_t, std::string>>> rows;
  for (std::uint64_t version = 1; version <= 60; ++version) {
    const std::string key = fmt::format("k{}", random() % 4);
    const auto age = static_cast<std::int64_t>(random() % 50);
    const std::string item = random() % 4 == 0 ? "" : std::to_string(version);
    rows[key].emplace_back(age, item);
    add(key, version, age, item);
  }

  for (std::int64_t age = 51; age >= 0; --age) {
    std::string expected;
    for (const auto& [key, of_key] : rows)
      if (const std::string item = held(of_key, age); !item.empty())
        expected += fmt::format("{}{}|{}", expected.empty() ? "" : "\n", key, item);
    ASSERT_EQ(as_of(age), expected) << age << " seconds ago";
  }
  EXPECT_EQ(query("SELECT count(*) FROM orders_ranges a JOIN orders_ranges b ON a.pk = b.pk AND "
                  "a._version < b._version WHERE a.valid_to > b.valid_from"),
            "0");
  EXPECT_EQ(query("SELECT count(*) - count(DISTINCT pk) - count(valid_to) FROM orders_ranges"), "0")
      << "one row of each key holds now";
}

}  // namespace
}  // namespace dynamite::test
