#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>

#include "replica/state/exclusive.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"
#include "support/interleaving.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;

/// Two changes of one key by two appliers. The first is held before its commit until the second
/// waits for it.
class InterleavingTest : public ReplicaTest {
 protected:
  void interleave(const TestChange& first, const TestChange& second) {
    CommitGate gate{*this};
    Applying one{*this, {first}, fence_of(first), CommitGate::checkpoint()};
    one.wait_until_blocked();
    Applying two{*this, {second}, fence_of(second)};
    two.wait_until_blocked();
    gate.open();
    one.finish();
    two.finish();
  }

  Fence fence_of(const TestChange& change) const {
    return change.kind == ChangeKind::scanned ? Fence{.writer = ByPass{pass_}} : Fence{};
  }

  std::int32_t pass_ = 0;
};

TEST_F(InterleavingTest, OlderPutThenNewerPut) {
  interleave(put("k1", 1), put("k1", 2));

  EXPECT_EQ(rows(), "k1|2|2|0");
}

TEST_F(InterleavingTest, NewerPutThenOlderPut) {
  interleave(put("k1", 2), put("k1", 1));

  EXPECT_EQ(rows(), "k1|2|2|0");
}

TEST_F(InterleavingTest, TwoPutsOnARowThatIsThere) {
  apply({put("k1", 1)});

  interleave(put("k1", 3), put("k1", 2));

  EXPECT_EQ(rows(), "k1|3|3|0");
}

TEST_F(InterleavingTest, RemoveThenOlderPut) {
  interleave(removal("k1", 2), put("k1", 1));

  EXPECT_EQ(rows(), "");
}

TEST_F(InterleavingTest, RemoveOfARowThenOlderPut) {
  apply({put("k1", 1)});

  interleave(removal("k1", 3), put("k1", 2));

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|3|0");
}

TEST_F(InterleavingTest, RemoveThenNewerPut) {
  apply({put("k1", 1)});

  interleave(removal("k1", 2), put("k1", 3));

  EXPECT_EQ(rows(), "k1|3|3|0");
}

TEST_F(InterleavingTest, OlderPutThenRemove) {
  apply({put("k1", 1)});

  interleave(put("k1", 2), removal("k1", 3));

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|3|0");
}

TEST_F(InterleavingTest, NewerPutThenRemove) {
  apply({put("k1", 1)});

  interleave(put("k1", 3), removal("k1", 2));

  EXPECT_EQ(rows(), "k1|3|3|0");
  EXPECT_EQ(tombstones(), "");
}

TEST_F(InterleavingTest, NewerRemoveThenOlderRemove) {
  apply({put("k1", 1)});

  interleave(removal("k1", 3), removal("k1", 2));

  EXPECT_EQ(tombstones(), "k1|3|0");
}

TEST_F(InterleavingTest, OlderRemoveThenNewerRemoveOfAnUnknownKey) {
  interleave(removal("k1", 2), removal("k1", 3));

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|3|0");
}

TEST_F(InterleavingTest, ScannedPutThenRemove) {
  pass_ = start_pass();

  interleave(scanned("k1", "scan"), removal("k1", 2));

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|2|1");
}

TEST_F(InterleavingTest, RemoveThenScannedPut) {
  pass_ = start_pass();

  interleave(removal("k1", 2), scanned("k1", "scan"));

  EXPECT_EQ(rows(), "");
}

TEST_F(InterleavingTest, RemoveOfARowThenScannedPut) {
  apply({put("k1", 1)});
  pass_ = start_pass();

  interleave(removal("k1", 2), scanned("k1", "scan"));

  EXPECT_EQ(rows(), "");
}

TEST_F(InterleavingTest, ScannedPutThenPut) {
  pass_ = start_pass();

  interleave(scanned("k1", "scan"), put("k1", 2));

  EXPECT_EQ(rows(), "k1|2|2|1");
}

TEST_F(InterleavingTest, PutThenScannedPut) {
  apply({put("k1", 1)});
  pass_ = start_pass();

  interleave(put("k1", 2), scanned("k1", "scan"));

  EXPECT_EQ(rows(), "k1|2|2|1");
}

TEST_F(InterleavingTest, NewGenerationThenOldGeneration) {
  interleave(put("k1", 1, "new").of_generation(2), put("k1", 99, "old").of_generation(1));

  EXPECT_EQ(query("SELECT item->>'v' FROM orders"), "new");
}

TEST_F(InterleavingTest, OldGenerationsPutThenNewGenerationsRemove) {
  interleave(put("k1", 99).of_generation(1), removal("k1", 1).of_generation(2));

  EXPECT_EQ(rows(), "");
}

TEST_F(InterleavingTest, PutDuringTheSweepOfItsRow) {
  apply({put("k1", 1)});
  const std::int32_t pass = start_pass();
  CommitGate gate{*this};
  Applying put_2{*this, {put("k1", 2)}, {}, CommitGate::checkpoint()};
  put_2.wait_until_blocked();
  pg::Connection other = connect();
  query(
      fmt::format("UPDATE {}.replica SET pass = 'sweeping'", state_schema()));  // the lock is taken
  auto swept = std::async(std::launch::async, [&] {
    return Passes{other, orders}.sweep(pass, {}, {}).deleted;
  });
  wait_until_blocked(other.backend_pid());

  gate.open();
  put_2.finish();

  EXPECT_EQ(swept.get(), 0U);
  EXPECT_EQ(rows(), "k1|2|2|1");
  EXPECT_EQ(tombstones(), "");
}

TEST_F(InterleavingTest, AppliersDoNotWaitForAPassThatWaitsForItsLock) {
  CommitGate gate{*this};
  Applying holder{*this, {put("k1", 1)}, {}, CommitGate::checkpoint()};
  holder.wait_until_blocked();
  pg::Connection other = connect();
  auto pass = std::async(std::launch::async, [&] {
    return Passes{other, orders}.start({.segments = 1}, {});
  });
  wait_until(
      fmt::format("SELECT count(*) > 0 FROM pg_locks WHERE pid = {} AND locktype = 'advisory' "
                  "AND NOT granted",
                  other.backend_pid()));

  apply({put("k2", 2)});

  EXPECT_EQ(rows(), "k2|2|2|0");
  gate.open();
  holder.finish();
  EXPECT_EQ(pass.get(), 1);
}

TEST_F(InterleavingTest, AStopEndsTheWaitForTheLock) {
  CommitGate gate{*this};
  Applying holder{*this, {put("k1", 1)}, {}, CommitGate::checkpoint()};
  holder.wait_until_blocked();
  std::stop_source stop;
  stop.request_stop();

  EXPECT_EQ(error_of([&] { take_over(*connection, orders, stop.get_token()); }).kind(),
            Error::Kind::transient);
}

TEST_F(InterleavingTest, ATakeoverWaitsForTheOwnersTransactionAndFencesTheNext) {
  const std::int64_t zombie = take_over(*connection, orders, {});
  CommitGate gate{*this};
  Applying in_flight{
      *this, {put("k1", 1)}, {.writer = ByFollower{zombie}}, CommitGate::checkpoint()};
  in_flight.wait_until_blocked();
  auto owner = std::async(std::launch::async, [&] { return take_over(*connection, orders, {}); });
  wait_until(
      fmt::format("SELECT count(*) > 0 FROM pg_locks WHERE pid = {} AND locktype = 'advisory' "
                  "AND NOT granted",
                  connection->backend_pid()));
  EXPECT_EQ(owner.wait_for(0s), std::future_status::timeout);

  gate.open();
  in_flight.finish();

  EXPECT_EQ(owner.get(), zombie + 1);
  EXPECT_EQ(error_of([&] { apply({put("k1", 2)}, {.writer = ByFollower{zombie}}); }).kind(),
            Error::Kind::fenced);
  EXPECT_EQ(rows(), "k1|1|1|0");
}

// Of a transaction in flight the rows are made before the mapping changes: it commits before, too.
TEST_F(InterleavingTest, AChangeOfTheMappingWaitsForTheTransactionAndFencesTheNext) {
  CommitGate gate{*this};
  Applying in_flight{*this, {put("k1", 1)}, {}, CommitGate::checkpoint()};
  in_flight.wait_until_blocked();
  auto change = std::async(std::launch::async, [&] {
    run_exclusively(*connection, orders, {}, [&](pg::Transaction& transaction) {
      transaction.run(fmt::format("UPDATE {}.replica SET mapping = 2", state_schema()));
    });
  });
  wait_until(
      fmt::format("SELECT count(*) > 0 FROM pg_locks WHERE pid = {} AND locktype = 'advisory' "
                  "AND NOT granted",
                  connection->backend_pid()));

  gate.open();
  in_flight.finish();
  change.get();

  EXPECT_EQ(error_of([&] { apply({put("k1", 2)}); }).kind(), Error::Kind::fenced);
  EXPECT_EQ(rows(), "k1|1|1|0");
  orders.mapping = 2;
  apply({put("k1", 2)});
  EXPECT_EQ(rows(), "k1|2|2|0");
}

TEST_F(InterleavingTest, ADeadlockIsTransientAndTheRepeatPasses) {
  apply({put("a", 1), put("b", 2)});
  pg::Connection other = connect();
  pg::Transaction crossing{other};
  crossing.run("SET LOCAL deadlock_timeout = '1min'");  // the applier is the one to notice
  crossing.run("UPDATE orders SET _epoch = _epoch WHERE pk = 'b'");
  const std::vector<TestChange> changes{put("a", 21), put("b", 22)};
  Applying crossed{*this, changes};
  crossed.wait_until_blocked();
  crossing.run("UPDATE orders SET _epoch = _epoch WHERE pk = 'a'");
  crossing.commit();

  EXPECT_EQ(error_of([&] { crossed.finish(); }).kind(), Error::Kind::transient);
  apply(changes);

  EXPECT_EQ(rows(), "a|21|21|0\nb|22|22|0");
}

}  // namespace
}  // namespace dynamite::test
