#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "ingest/parallel_ingest.hpp"
#include "replica/source_model.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using enum KeyType;

std::shared_ptr<const Batch> shared_batch(const Replica& table,
                                          const std::vector<TestChange>& changes) {
  return std::make_shared<const Batch>(batch_of(table, changes));
}

class ParallelIngestTest : public ReplicaTest {
 public:
  IngestOptions options() const {
    IngestOptions options;
    options.connect = {.conninfo = url(), .application_name = application()};
    options.state_schema = state_schema();
    options.host = Host::process;
    return options;
  }

  std::string application() const { return "appliers/" + schema(); }

  /// Returns when so many connections of the appliers wait for a lock.
  void wait_until_waiting(int connections) {
    wait_until(
        fmt::format("SELECT count(*) = {} FROM pg_stat_activity WHERE application_name = '{}' "
                    "AND wait_event_type = 'Lock'",
                    connections, application()));
  }

  /// Puts of as many keys, whose values are their numbers from 1, as one batch.
  void add_puts(ParallelIngest& appliers, std::uint64_t count) const {
    std::vector<TestChange> changes;
    for (std::uint64_t i = 1; i <= count; ++i) changes.push_back(put(fmt::format("k{}", i), i));
    appliers.add(shared_batch(orders, changes), orders);
  }
};

/// Changes of random items, some of them again, in any order.
std::vector<TestChange> history(SourceModel& source) {
  for (int i = 0; i < 60; ++i) source.write();
  std::vector<TestChange> changes = source.take_new(true);
  const auto repeats = source.take_repeats(30);
  changes.insert(changes.end(), repeats.begin(), repeats.end());
  std::ranges::shuffle(changes, source.random());
  return changes;
}

TEST_F(ParallelIngestTest, AnyNumberOfConnectionsLeavesTheNewestOfEachKey) {
  const std::uint64_t seed = from_environment("DYNAMITE_TEST_SEED", 1);
  for (std::uint64_t i = 0; i < 12; ++i) {
    SCOPED_TRACE(fmt::format("DYNAMITE_TEST_SEED={}", seed + i));
    const Replica table = make_replica(keys(S, N), fmt::format("random_{}", i));
    SourceModel source{seed + i, table.source->key_schema, 20};
    const std::vector<TestChange> changes = history(source);
    ParallelIngest appliers{
        options(), {.connections = 1 + i % 4, .records_max = source.below(20)}, std::stop_token{}};

    for (std::size_t first = 0; first < changes.size();) {
      const std::size_t size = std::min(changes.size() - first, 1 + source.below(40));
      appliers.add(
          shared_batch(table, {changes.begin() + static_cast<std::ptrdiff_t>(first),
                               changes.begin() + static_cast<std::ptrdiff_t>(first + size)}),
          table);
      first += size;
    }
    const ApplyOutcome outcome = appliers.finish();

    pg::Connection connection = connect();
    EXPECT_EQ(items_of(connection, table), source.items());
    EXPECT_EQ(outcome.records, changes.size());
  }
}

TEST_F(ParallelIngestTest, NoTransactionIsOfMoreRecordsThanAllowed) {
  ParallelIngest appliers{options(), {.connections = 2, .records_max = 3}, std::stop_token{}};

  add_puts(appliers, 20);
  appliers.finish();

  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "20");
  EXPECT_EQ(query("SELECT max(rows) <= 3 AND count(*) >= 7 FROM (SELECT count(*) AS rows FROM " +
                  orders.targets.front().qualified_name() + " GROUP BY xmin) AS transactions"),
            "t");
}

TEST_F(ParallelIngestTest, ARecordThatIsRefusedIsADeadLetterWhoeverMeetsIt) {
  pg::Connection{connect()}.run("ALTER TABLE " + orders.targets.front().qualified_name() +
                                " ADD CHECK (item->>'v' <> '7')");
  ParallelIngest appliers{options(), {.connections = 3}, std::stop_token{}};

  add_puts(appliers, 20);
  const ApplyOutcome outcome = appliers.finish();

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "19");
}

TEST_F(ParallelIngestTest, WhatWasSentBehindARefusedBatchIsAppliedToo) {
  pg::Connection{connect()}.run("ALTER TABLE " + orders.targets.front().qualified_name() +
                                " ADD CHECK (item->>'v' NOT IN ('3', '4', '9'))");
  ParallelIngest appliers{options(), {.connections = 1, .records_max = 1}, std::stop_token{}};

  add_puts(appliers, 10);
  const ApplyOutcome outcome = appliers.finish();

  EXPECT_EQ(outcome.records, 10U);
  EXPECT_EQ(outcome.applied, 7U);
  EXPECT_EQ(outcome.dead_letters, 3U);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "7");
}

TEST_F(ParallelIngestTest, ABatchOfSeveralTransactionsIsOneOutcome) {
  pg::Connection{connect()}.run("ALTER TABLE " + orders.targets.front().qualified_name() +
                                " ADD CHECK (item->>'v' <> '3000')");
  ParallelIngest appliers{options(), {.connections = 1}, std::stop_token{}};

  add_puts(appliers, 2'999);
  add_puts(appliers, 5'000);
  const ApplyOutcome outcome = appliers.finish();

  EXPECT_EQ(outcome.records, 7'999U);
  EXPECT_EQ(outcome.applied, 4'999U);
  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "4999");
}

TEST_F(ParallelIngestTest, LargeItemsAreAppliedAsSmallOnes) {
  ParallelIngest appliers{options(), {.connections = 1, .records_max = 4}, std::stop_token{}};
  std::vector<TestChange> changes;
  for (std::uint64_t i = 1; i <= 40; ++i)
    changes.push_back(put(fmt::format("k{}", i), i, std::string(i % 8 < 4 ? 10 : 300'000, 'x')));

  appliers.add(shared_batch(orders, changes), orders);
  const ApplyOutcome outcome = appliers.finish();

  EXPECT_EQ(outcome.applied, 40U);
  EXPECT_EQ(query("SELECT sum(length(item->>'v')) FROM " + orders.targets.front().qualified_name()),
            "6000200");
}

// Then the batch behind it is committed.
TEST_F(ParallelIngestTest, ABatchThatIsRefusedAtItsCommitIsADeadLetterToo) {
  pg::Connection owner = connect();
  owner.run("CREATE TABLE allowed (name text PRIMARY KEY)");
  owner.run("INSERT INTO allowed SELECT i::text FROM generate_series(1, 10) i WHERE i <> 3");
  owner.run("ALTER TABLE " + orders.targets.front().qualified_name() +
            " ADD COLUMN name text GENERATED ALWAYS AS (item->>'v') STORED "
            "REFERENCES allowed DEFERRABLE INITIALLY DEFERRED");
  ParallelIngest appliers{options(), {.connections = 1, .records_max = 1}, std::stop_token{}};

  add_puts(appliers, 10);
  const ApplyOutcome outcome = appliers.finish();

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "9");
  EXPECT_EQ(query(fmt::format("SELECT version FROM {}.dead_letter", state_schema())), "3");
}

TEST_F(ParallelIngestTest, WhatWasUnderWayWhenTheConnectionWasLostIsAppliedOverANewOne) {
  const std::uint64_t seed = from_environment("DYNAMITE_TEST_SEED", 1);
  for (std::uint64_t i = 0; i < 6; ++i) {
    SCOPED_TRACE(fmt::format("DYNAMITE_TEST_SEED={}", seed + i));
    const Replica table = make_replica(keys(S, N), fmt::format("cut_{}", i));
    SourceModel source{seed + i, table.source->key_schema, 20};
    const std::vector<TestChange> changes = history(source);
    ParallelIngest appliers{options(), {.connections = 2, .records_max = 1}, std::stop_token{}};
    appliers.finish();
    pg::Connection other = connect();
    std::optional<pg::Transaction> holder{other};
    holder->run("LOCK TABLE " + table.targets.front().qualified_name() +
                " IN SHARE ROW EXCLUSIVE MODE");

    appliers.add(shared_batch(table, changes), table);
    wait_until_waiting(2);
    query(
        fmt::format("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity "
                    "WHERE application_name = '{}'",
                    application()));
    holder.reset();
    const ApplyOutcome outcome = appliers.finish();

    pg::Connection connection = connect();
    EXPECT_EQ(items_of(connection, table), source.items());
    EXPECT_EQ(outcome.records, changes.size());
  }
}

TEST_F(ParallelIngestTest, AStopLeavesWhatIsNotUnderWay) {
  std::stop_source stop;
  ParallelIngest appliers{options(), {.connections = 1, .records_max = 1}, stop.get_token()};
  pg::Connection other = connect();
  pg::Transaction holder{other};
  holder.run("LOCK TABLE " + orders.targets.front().qualified_name() +
             " IN SHARE ROW EXCLUSIVE MODE");
  add_puts(appliers, 10);
  wait_until_waiting(1);

  stop.request_stop();
  holder.commit();
  const Error error = error_of([&] { appliers.finish(); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), testing::HasSubstr("stopped before all was applied"));
  EXPECT_EQ(query("SELECT count(*) <= 3 FROM " + orders.targets.front().qualified_name()), "t");
}

TEST_F(ParallelIngestTest, AStopDoesNotWaitForALockForLong) {
  std::stop_source stop;
  ParallelIngest appliers{options(), {.connections = 1, .records_max = 1}, stop.get_token()};
  pg::Connection other = connect();
  pg::Transaction holder{other};
  holder.run("LOCK TABLE " + orders.targets.front().qualified_name() +
             " IN SHARE ROW EXCLUSIVE MODE");
  add_puts(appliers, 10);
  wait_until_waiting(1);

  stop.request_stop();

  EXPECT_THAT(error_of([&] { appliers.finish(); }).what(),
              testing::HasSubstr("stopped before all was applied"));
}

TEST_F(ParallelIngestTest, WhatOneConnectionMeetsIsThrownToWhoAdds) {
  IngestOptions strict = options();
  strict.apply.on_poison = OnPoison::stop;
  pg::Connection{connect()}.run("ALTER TABLE " + orders.targets.front().qualified_name() +
                                " ADD CHECK (item->>'v' <> '1')");
  ParallelIngest appliers{strict, {.connections = 2}, std::stop_token{}};
  appliers.add(shared_batch(orders, {put("a", 1)}), orders);

  EXPECT_EQ(error_of([&] { appliers.finish(); }).kind(), Error::Kind::poison);
  EXPECT_EQ(error_of([&] { appliers.add(shared_batch(orders, {put("b", 2)}), orders); }).kind(),
            Error::Kind::poison);
}

TEST_F(ParallelIngestTest, ARecordThatIsRefusedIsNoOutcomeThoughLambdaWouldReportIt) {
  IngestOptions reporting = options();
  reporting.apply.on_poison = OnPoison::stop;
  reporting.report_batch_item_failures = true;
  pg::Connection{connect()}.run("ALTER TABLE " + orders.targets.front().qualified_name() +
                                " ADD CHECK (item->>'v' <> '1')");
  ParallelIngest appliers{reporting, {.connections = 1}, std::stop_token{}};
  appliers.add(shared_batch(orders, {put("a", 1)}), orders);

  EXPECT_EQ(error_of([&] { appliers.finish(); }).kind(), Error::Kind::poison);
}

}  // namespace
}  // namespace dynamite::test
