#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "app/appliers.hpp"
#include "replica/source_model.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using enum KeyType;

class AppliersTest : public ReplicaTest {
 public:
  HandlerOptions options() const {
    HandlerOptions options;
    options.connect = {.conninfo = url(), .application_name = "dynamite/test"};
    options.state_schema = state_schema();
    options.keeps_session = true;
    return options;
  }
};

std::shared_ptr<const Batch> shared_batch(const ReplicaTable& table,
                                          const std::vector<TestChange>& changes) {
  return std::make_shared<const Batch>(batch_of(table, changes));
}

/// Changes of random items, some of them again, in any order.
std::vector<TestChange> history(SourceModel& source) {
  for (int i = 0; i < 60; ++i) source.write();
  std::vector<TestChange> changes = source.take_new(true);
  const auto repeats = source.take_repeats(30);
  changes.insert(changes.end(), repeats.begin(), repeats.end());
  std::ranges::shuffle(changes, source.random());
  return changes;
}

TEST_F(AppliersTest, AnyNumberOfConnectionsLeavesTheNewestOfEachKey) {
  const std::uint64_t seed = from_environment("DYNAMITE_TEST_SEED", 1);
  for (std::uint64_t i = 0; i < 12; ++i) {
    SCOPED_TRACE(fmt::format("DYNAMITE_TEST_SEED={}", seed + i));
    const ReplicaTable table = make_replica(keys(S, N), fmt::format("random_{}", i));
    SourceModel source{seed + i, table.source->key_schema, 20};
    const std::vector<TestChange> changes = history(source);
    Appliers appliers{
        options(), {.connections = 1 + i % 4, .records_max = source.below(20)}, std::stop_token{}};

    for (std::size_t first = 0; first < changes.size();) {
      const std::size_t size = std::min(changes.size() - first, 1 + source.below(40));
      appliers.add(
          shared_batch(table, {changes.begin() + static_cast<std::ptrdiff_t>(first),
                               changes.begin() + static_cast<std::ptrdiff_t>(first + size)}));
      first += size;
    }
    const HandlerOutcome outcome = appliers.finish();

    pg::Connection connection = connect();
    EXPECT_EQ(items_of(connection, table), source.items());
    EXPECT_EQ(outcome.records, changes.size());
  }
}

TEST_F(AppliersTest, NoTransactionIsOfMoreRecordsThanAllowed) {
  std::vector<TestChange> changes;
  for (int i = 0; i < 20; ++i) changes.push_back(put(fmt::format("k{}", i), 1));
  Appliers appliers{options(), {.connections = 2, .records_max = 3}, std::stop_token{}};

  appliers.add(shared_batch(orders, changes));
  appliers.finish();

  EXPECT_EQ(query("SELECT count(*) FROM " + orders.qualified_name()), "20");
  EXPECT_EQ(query("SELECT max(rows) <= 3 AND count(*) >= 7 FROM (SELECT count(*) AS rows FROM " +
                  orders.qualified_name() + " GROUP BY xmin) AS transactions"),
            "t");
}

TEST_F(AppliersTest, ARecordThatIsRefusedIsADeadLetterWhoeverMeetsIt) {
  pg::Connection{connect()}.run("ALTER TABLE " + orders.qualified_name() +
                                " ADD CHECK (item->>'v' <> '7')");
  std::vector<TestChange> changes;
  for (std::uint64_t i = 1; i <= 20; ++i) changes.push_back(put(fmt::format("k{}", i), i));
  Appliers appliers{options(), {.connections = 3}, std::stop_token{}};

  appliers.add(shared_batch(orders, changes));
  const HandlerOutcome outcome = appliers.finish();

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.qualified_name()), "19");
}

TEST_F(AppliersTest, WhatOneConnectionMeetsIsThrownToWhoAdds) {
  HandlerOptions strict = options();
  strict.apply.on_poison = OnPoison::stop;
  pg::Connection{connect()}.run("ALTER TABLE " + orders.qualified_name() +
                                " ADD CHECK (item->>'v' <> '1')");
  Appliers appliers{strict, {.connections = 2}, std::stop_token{}};
  appliers.add(shared_batch(orders, {put("a", 1)}));

  EXPECT_EQ(error_of([&] { appliers.finish(); }).kind(), Error::Kind::poison);
  EXPECT_EQ(error_of([&] { appliers.add(shared_batch(orders, {put("b", 2)})); }).kind(),
            Error::Kind::poison);
}

}  // namespace
}  // namespace dynamite::test
