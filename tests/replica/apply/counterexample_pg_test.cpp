#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>

#include "core/key.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/newest_versions.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"
#include "support/interleaving.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;

// Each is the shortest history that goes wrong without one rule of docs/protocol.md. A change that
// is "lost" is one that is never applied.
class CounterexampleTest : public ReplicaTest {
 protected:
  void wait_for_exclusive_lock_request(int pid) {
    wait_until(
        fmt::format("SELECT count(*) > 0 FROM pg_locks WHERE pid = {} AND locktype = 'advisory' "
                    "AND mode = 'ExclusiveLock' AND NOT granted",
                    pid));
  }

  /// What the replica knows of k1.
  NewestVersions known() {
    std::string key;
    append_key_part(key, "k1");
    return newest_versions(*connection, orders, std::vector{key});
  }
};

TEST_F(CounterexampleTest, VersionGuard) {
  apply({put("k1", 1)});
  const std::int32_t pass = start_pass();
  apply({put("k1", 1)});

  end_pass(pass);

  EXPECT_EQ(rows(), "");
}

TEST_F(CounterexampleTest, TombstoneCheckOfStreamPuts) {
  apply({put("k1", 1)});
  apply({removal("k1", 2)});

  apply({put("k1", 1)});

  EXPECT_EQ(rows(), "");
}

TEST_F(CounterexampleTest, PlaceholderMeetsAPutInFlight) {
  CommitGate gate{*this};
  Applying put_1{*this, {put("k1", 1)}, {}, CommitGate::checkpoint()};
  put_1.wait_until_blocked();
  Applying remove_2{*this, {removal("k1", 2)}};
  remove_2.wait_until_blocked();

  gate.open();
  put_1.finish();
  remove_2.finish();

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|2|0");
}

TEST_F(CounterexampleTest, RecheckOfAPutThatCouldNotSeeTheTombstone) {
  StatementGate gate{*this, "INSERT", "orders"};
  Applying put_1{*this, {put("k1", 1)}};
  put_1.wait_until_blocked();
  apply({removal("k1", 2)});

  gate.open();
  const ApplyOutcome outcome = put_1.finish();

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(outcome.applied, 0U);
}

TEST_F(CounterexampleTest, RecheckOfAScannedPutThatCouldNotSeeTheTombstone) {
  const std::int32_t pass = start_pass();
  StatementGate gate{*this, "INSERT", "orders"};
  Applying page{*this, {scanned("k1", "scan")}, {.writer = ByPass{pass}}};
  page.wait_until_blocked();
  apply({removal("k1", 2)});

  gate.open();
  page.finish();

  EXPECT_EQ(rows(), "");
}

// The remove sees a row, which another transaction takes away before it can. An older put comes in
// behind.
TEST_F(CounterexampleTest, RemoveHoldsItsKeyWhenItsRowVanishesUnderIt) {
  apply({put("k1", 10)});
  pg::Connection other = connect();
  std::optional<pg::Transaction> sweep{std::in_place, other};
  sweep->run("DELETE FROM orders");
  sweep->run(fmt::format("INSERT INTO {} VALUES ('k1', 10, 0)", orders.targets.front().tombstones));
  CommitGate gate{*this};
  Applying remove_20{*this, {removal("k1", 20)}, {}, CommitGate::checkpoint()};
  remove_20.wait_until_blocked();
  sweep->commit();
  wait_until(
      fmt::format("SELECT '{}'::text <> '' AND count(*) = 1 FROM pg_stat_activity "
                  "WHERE pid = {} AND wait_event_type = 'Lock' AND query LIKE '%checkpoint%'",
                  state_schema(), remove_20.pid()));
  Applying put_15{*this, {put("k1", 15)}};
  put_15.wait_until_blocked();

  gate.open();
  remove_20.finish();
  put_15.finish();

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|20|0");
}

// Between the two statements of a remove, nobody may take away the row that it met in flight.
TEST_F(CounterexampleTest, RemoveHoldsARowThatCameInMeanwhile) {
  CommitGate gate{*this};
  Applying put_1{*this, {put("k1", 1)}, {}, CommitGate::checkpoint()};
  put_1.wait_until_blocked();
  pg::Connection remover = connect();
  pg::Transaction remove_2{remover};
  auto met = std::async(std::launch::async, [&] {
    pg::Array key;
    pg::Array version{pg::ElementType::numeric};
    key.append("k1");
    version.append(pg::Decimal{.digits = "2"});
    remove_2.run(target_sql(orders, orders.targets.front()).remove,
                 std::move(pg::Params{}.array(key).array(version).text("2")));
  });
  wait_until_blocked(remover.backend_pid());
  gate.open();
  put_1.finish();
  met.get();

  pg::Connection other = connect();
  other.run("SET lock_timeout = '100ms'");
  const Error error = error_of([&] { other.run("DELETE FROM orders"); });

  EXPECT_THAT(error.what(), testing::HasSubstr("55P03"));
}

TEST_F(CounterexampleTest, SweepAtTheEndOfAPass) {
  apply({put("k1", 1)});
  const std::int32_t pass = start_pass();

  end_pass(pass);

  EXPECT_EQ(rows(), "");
}

TEST_F(CounterexampleTest, TombstonesOfTheSweep) {
  apply({put("k1", 1)});
  end_pass(start_pass());

  apply({put("k1", 1)});

  EXPECT_EQ(rows(), "");
}

// The repeated put began before the sweep's tombstone was there to see.
TEST_F(CounterexampleTest, RecheckOfAPutThatCouldNotSeeTheTombstoneOfTheSweep) {
  apply({put("k1", 1)});
  const std::int32_t pass = start_pass();
  Passes passes{*connection, orders};
  passes.begin_sweep(pass, {});
  StatementGate gate{*this, "INSERT", "orders"};
  Applying put_1{*this, {put("k1", 1)}};
  put_1.wait_until_blocked();
  passes.sweep(pass, {}, {});

  gate.open();
  put_1.finish();

  EXPECT_EQ(rows(), "");
}

TEST_F(CounterexampleTest, EpochGuardOfScannedPuts) {
  const std::int32_t pass = start_pass();
  const TestChange page = scanned("k1", "1");
  apply({put("k1", 2)});

  apply_scanned(pass, {page});

  EXPECT_EQ(rows(), "k1|2|2|1");
}

TEST_F(CounterexampleTest, LockAtTheStartOfAPass) {
  CommitGate gate{*this};
  Applying put_1{*this, {put("k1", 1)}, {}, CommitGate::checkpoint()};
  put_1.wait_until_blocked();
  auto pass = std::async(std::launch::async, [this] { return start_pass(); });
  wait_for_exclusive_lock_request(connection->backend_pid());

  gate.open();
  put_1.finish();
  const std::int32_t epoch = pass.get();
  apply_scanned(epoch, {scanned("k1", "1")});  // read after the start: it holds what put 1 wrote
  end_pass(epoch);

  EXPECT_EQ(rows(), "k1|1|1|1");
}

TEST_F(CounterexampleTest, LockAtTheEndOfAPass) {
  const std::int32_t pass = start_pass();
  CommitGate gate{*this};
  Applying page{*this, {scanned("k1", "scan")}, {.writer = ByPass{pass}}, CommitGate::checkpoint()};
  page.wait_until_blocked();
  auto swept = std::async(std::launch::async, [this, pass] { return end_pass(pass); });
  wait_for_exclusive_lock_request(connection->backend_pid());

  gate.open();
  page.finish();

  EXPECT_EQ(swept.get(), 0U);
  EXPECT_EQ(rows(), "k1|scan|0|1");
}

TEST_F(CounterexampleTest, OnlyTheRunningPassMayPut) {
  const std::int32_t dead = start_pass();
  const TestChange page = scanned("k1", "1");
  const std::int32_t successor = start_pass();
  apply_scanned(successor, {page});
  end_pass(successor);
  apply({removal("k1", 2)});

  EXPECT_EQ(error_of([&] { apply_scanned(dead, {page}); }).kind(), Error::Kind::fenced);

  EXPECT_EQ(rows(), "");
}

TEST_F(CounterexampleTest, WhatAPageReadAfterTheStartLacksTheSweepSpares) {
  const std::int32_t pass = start_pass();
  const std::vector<TestChange> page_without_k1;
  pg::Connection other = connect();
  Applier{other, {}}.apply({.table = orders, .batch = batch_of(orders, {put("k1", 1)})});

  apply_scanned(pass, page_without_k1);
  end_pass(pass);

  EXPECT_EQ(rows(), "k1|1|1|1");
}

// Put 1 becomes a dead letter, remove 2 is lost, a pass reads nothing: who applied put 1 now as it
// is would bring the row back.
TEST_F(CounterexampleTest, ReadBackOfLateRecords) {
  end_pass(start_pass());
  const NewestVersions before = known();
  const TestChange nothing_there = removal("k1", 1);

  apply({nothing_there}, {.writer = ByReadBack{before.epoch}});

  EXPECT_EQ(rows(), "");
  apply({put("k1", 1)});
  EXPECT_EQ(rows(), "");
}

// The item is read back, then it is removed, that record is lost, and a pass makes up for it.
TEST_F(CounterexampleTest, WhatWasReadBackUnderAnOlderEpochIsReadAgain) {
  const NewestVersions before = known();
  const TestChange read_back = put("k1", 1);
  end_pass(start_pass());

  EXPECT_THAT(
      failure_of([&] { apply({read_back}, {.writer = ByReadBack{before.epoch}}); }),
      ::testing::MatchesRegex("transient: .*a pass has begun since the items were read back.*"));
  EXPECT_EQ(rows(), "");
}

// A row that is wrong is written between two records: neither the one before nor a repeat undoes
// it, the next one does.
TEST_F(CounterexampleTest, ARepairStandsBetweenTwoRecords) {
  apply({put("k1", 5, "wrong")});
  const NewestVersions before = known();
  Batch batch = batch_of(orders, {put("k1", 5, "right")});
  batch.changes.front().version = before.versions.front().after();
  Applier{*connection, {}}.apply(
      {.table = orders, .batch = batch, .fence = {.writer = ByReadBack{before.epoch}}});

  apply({put("k1", 5, "wrong")});
  EXPECT_EQ(rows(), "k1|right|5.000000001|0");

  apply({put("k1", 6, "next")});
  EXPECT_EQ(rows(), "k1|next|6|0");
}

// The item was removed while the stream was off: neither stream has that.
TEST_F(CounterexampleTest, WhatAnOlderStreamThanThePassHadIsDropped) {
  const std::int32_t pass = Passes{*connection, orders}.start({.oldest_generation = 6}, {});
  apply({put("k1", 1).of_generation(5)});
  end_pass(pass);
  apply({put("k1", 1).of_generation(5)});

  EXPECT_EQ(rows(), "");
}

TEST_F(CounterexampleTest, OwnerCheck) {
  const std::int64_t zombie = take_over(*connection, orders, {});
  const std::int64_t owner = take_over(*connection, orders, {});
  apply({put("k1", 2)}, {.writer = ByFollower{owner}});

  EXPECT_EQ(error_of([&] { apply({removal("k1", 3)}, {.writer = ByFollower{zombie}}); }).kind(),
            Error::Kind::fenced);

  EXPECT_EQ(rows(), "k1|2|2|0");
}

}  // namespace
}  // namespace dynamite::test
