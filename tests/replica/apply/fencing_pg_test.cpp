#include <fmt/format.h>
#include <gmock/gmock.h>

#include "pg/session.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"
#include "support/interleaving.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using testing::HasSubstr;

class FencingTest : public ReplicaTest {
 protected:
  std::string follower() {
    return query(
        fmt::format("SELECT follower, fencing_number, state FROM {}.replica", state_schema()));
  }
};

/// Each of the three fences finds that the rows were made by an older mapping.
TEST_F(FencingTest, RowsOfAnOlderMappingAreRefusedUntilTheCatalogueIsLoadedAnew) {
  const std::int32_t pass = start_pass();
  query(fmt::format("UPDATE {}.replica SET mapping = mapping + 1", state_schema()));
  const auto expect_refusal = [&](const TestChange& change, const Fence& fence) {
    const Error error = error_of([&] { apply({change}, fence); });
    EXPECT_EQ(error.kind(), Error::Kind::fenced);
    EXPECT_STREQ(error.what(),
                 "PostgreSQL: mapping 1 of \"orders\" was followed by mapping 2 (SQLSTATE DY007)");
  };

  expect_refusal(put("k1", 1), {});
  expect_refusal(put("k1", 1), {.writer = ByReadBack{pass}});
  expect_refusal(scanned("k2", "scan"), {.writer = ByPass{pass}});
  orders = Catalogue{*connection, state_schema()}.find(orders.source->arn).value();
  apply({put("k1", 1)});
  apply({put("k1", 2)}, {.writer = ByReadBack{pass}});
  apply_scanned(pass, {scanned("k2", "scan")});

  EXPECT_EQ(rows(), "k1|2|2|1\nk2|scan|0|1");
}

TEST_F(FencingTest, WithoutADaemonAnyoneMayApply) {
  apply({put("k1", 1)});

  EXPECT_EQ(rows(), "k1|1|1|0");
}

TEST_F(FencingTest, WhereADaemonFollowsOthersAreRefused) {
  take_over(*connection, orders, {});

  const Error error = error_of([&] { apply({put("k1", 1)}); });

  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_STREQ(error.what(), "PostgreSQL: a daemon follows \"orders\" (SQLSTATE DY001)");
  EXPECT_THAT(error.hint(), HasSubstr("dynamite release"));
  EXPECT_EQ(rows(), "");
}

TEST_F(FencingTest, TheOwnerMayApply) {
  const std::int64_t owner = take_over(*connection, orders, {});

  apply({put("k1", 1)}, {.writer = ByFollower{owner}});

  EXPECT_EQ(rows(), "k1|1|1|0");
}

TEST_F(FencingTest, AnEarlierOwnerIsFenced) {
  const std::int64_t earlier = take_over(*connection, orders, {});
  take_over(*connection, orders, {});

  const Error error = error_of([&] { apply({put("k1", 1)}, {.writer = ByFollower{earlier}}); });

  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_STREQ(error.what(),
               "PostgreSQL: owner 1 of \"orders\" was followed by owner 2 (SQLSTATE DY001)");
}

TEST_F(FencingTest, ATakeoverSaysWhoFollowsAndForgetsTheProblem) {
  note_problem(*connection, orders, std::nullopt, "disk full");

  take_over(*connection, orders, {});

  EXPECT_EQ(follower(), "daemon|1|catching up");
  EXPECT_EQ(query(fmt::format("SELECT problem FROM {}.replica", state_schema())), "NULL");
}

TEST_F(FencingTest, GivenBackTheTableIsLambdasAgain) {
  const std::int64_t owner = take_over(*connection, orders, {});

  give_back(*connection, orders, owner, {});

  EXPECT_EQ(follower(), "lambda|2|stopped");
  apply({put("k1", 1)});
  EXPECT_EQ(error_of([&] { apply({put("k1", 2)}, {.writer = ByFollower{owner}}); }).kind(),
            Error::Kind::fenced);
}

TEST_F(FencingTest, AnEarlierOwnerGivesNothingBack) {
  const std::int64_t earlier = take_over(*connection, orders, {});
  take_over(*connection, orders, {});

  give_back(*connection, orders, earlier, {});

  EXPECT_EQ(follower(), "daemon|2|catching up");
}

TEST_F(FencingTest, ReleaseGivesADeadDaemonsTableBack) {
  take_over(*connection, orders, {});

  EXPECT_TRUE(release(*connection, orders, {}));

  EXPECT_EQ(follower(), "lambda|2|stopped");
}

TEST_F(FencingTest, ReleaseOfATableWithoutADaemonDoesNothing) {
  EXPECT_FALSE(release(*connection, orders, {}));

  EXPECT_EQ(follower(), "lambda|0|created");
}

TEST_F(FencingTest, AClientThatIsCutOffIsNoticedWithinAMinute) {
  watch_client(*connection);

  const pg::Result set = connection->run(
      "SELECT current_setting('tcp_keepalives_idle')::integer + "
      "current_setting('tcp_keepalives_interval')::integer * "
      "current_setting('tcp_keepalives_count')::integer, current_setting('tcp_user_timeout')");
  EXPECT_EQ(set.number(0, 0), 60);
  EXPECT_EQ(set.at(0, 1), "60000");
}

TEST_F(FencingTest, AServerThatTakesNoWritesIsKnown) {
  EXPECT_FALSE(is_read_only(*connection));
  connection->run("SET default_transaction_read_only = on");
  EXPECT_TRUE(is_read_only(*connection));
}

TEST_F(FencingTest, OneSessionHoldsTheTableAlive) {
  pg::Connection other = connect();

  EXPECT_TRUE(try_hold_alive(*connection, orders));
  EXPECT_FALSE(try_hold_alive(other, orders));
}

TEST_F(FencingTest, AClosedSessionHoldsNothing) {
  std::optional<pg::Connection> dead{connect()};
  try_hold_alive(*dead, orders);
  const int pid = dead->backend_pid();
  dead.reset();
  wait_until(fmt::format("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {}", pid));

  EXPECT_TRUE(try_hold_alive(*connection, orders));
}

TEST_F(FencingTest, StateSchemasDoNotShareLocks) {
  pg::Connection other = connect();
  Replica elsewhere = orders;
  elsewhere.state_schema += "_2";

  EXPECT_TRUE(try_hold_alive(*connection, orders));
  EXPECT_TRUE(try_hold_alive(other, elsewhere));
}

TEST_F(FencingTest, ADirectConnectionIsAccepted) {
  EXPECT_NO_THROW(require_direct_connection(*connection));
}

TEST_F(FencingTest, OnlyTheFollowerNotesItsState) {
  const std::int64_t earlier = take_over(*connection, orders, {});
  const std::int64_t owner = take_over(*connection, orders, {});

  note_state(*connection, orders, owner, "following");
  const Error error = error_of([&] { note_state(*connection, orders, earlier, "stopped"); });

  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_THAT(error.what(), HasSubstr("owner 1 no longer follows"));
  EXPECT_EQ(follower(), "daemon|2|following");
}

TEST_F(FencingTest, OnlyTheFollowerNotesItsProblem) {
  const std::int64_t owner = take_over(*connection, orders, {});
  note_problem(*connection, orders, owner, "disk full");
  require_owner(*connection, orders, owner);

  release(*connection, orders, {});

  EXPECT_EQ(error_of([&] { note_problem(*connection, orders, owner, "more"); }).kind(),
            Error::Kind::fenced);
  EXPECT_EQ(error_of([&] { require_owner(*connection, orders, owner); }).kind(),
            Error::Kind::fenced);
  EXPECT_EQ(query(fmt::format("SELECT problem FROM {}.replica", state_schema())), "disk full");
}

TEST_F(FencingTest, SinceFollowedIsAbsentUntilNoted) {
  const std::int64_t owner = take_over(*connection, orders, {});
  EXPECT_FALSE(since_followed(*connection, orders));

  note_followed(*connection, orders, owner, 0s);

  EXPECT_LT(since_followed(*connection, orders).value(), 60s);
}

TEST_F(FencingTest, APassMakesUpForWhatNobodyFollowed) {
  const std::int64_t owner = take_over(*connection, orders, {});
  note_followed(*connection, orders, owner, 24h);
  EXPECT_GE(since_followed(*connection, orders).value(), 24h);

  start_pass();

  EXPECT_LT(since_followed(*connection, orders).value(), 60s);
}

TEST_F(FencingTest, OnlyWhoFollowsNotesIt) {
  const std::int64_t owner = take_over(*connection, orders, {});
  note_followed(*connection, orders, std::nullopt, 0s);
  EXPECT_FALSE(since_followed(*connection, orders));

  release(*connection, orders, {});
  const Error error = error_of([&] { note_followed(*connection, orders, owner, 0s); });
  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_FALSE(since_followed(*connection, orders));

  note_followed(*connection, orders, std::nullopt, 0s);
  EXPECT_TRUE(since_followed(*connection, orders));
}

TEST_F(FencingTest, APageOfAPassThatDoesNotRunIsRefused) {
  const Error error = error_of([&] { apply_scanned(1, {scanned("k1", "scan")}); });

  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_THAT(error.what(),
              HasSubstr("pass 1 of \"orders\" is not running: the pass is 0, its state none"));
}

TEST_F(FencingTest, APageOfAnEarlierPassIsRefused) {
  const std::int32_t earlier = start_pass();
  start_pass();

  EXPECT_EQ(error_of([&] { apply_scanned(earlier, {scanned("k1", "scan")}); }).kind(),
            Error::Kind::fenced);
}

TEST_F(FencingTest, APageIsRefusedFromTheSweepOn) {
  const std::int32_t pass = start_pass();
  Passes{*connection, orders}.begin_sweep(pass, {});

  EXPECT_EQ(error_of([&] { apply_scanned(pass, {scanned("k1", "scan")}); }).kind(),
            Error::Kind::fenced);
}

TEST_F(FencingTest, APassNeedsNoOwner) {
  take_over(*connection, orders, {});
  const std::int32_t pass = start_pass();

  apply_scanned(pass, {scanned("k1", "scan")});

  EXPECT_EQ(rows(), "k1|scan|0|1");
}

TEST_F(FencingTest, AReplicaThatIsNoLongerRegisteredIsFenced) {
  query(fmt::format("DELETE FROM {}.replica", state_schema()));

  const Error error = error_of([&] { apply({put("k1", 1)}); });

  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_THAT(error.what(), HasSubstr("is no longer registered"));
}

TEST_F(FencingTest, ADeadlineAheadLetsTheCommitPass) {
  apply({put("k1", 1)}, {.deadline = system_clock::now() + 1min});

  EXPECT_EQ(rows(), "k1|1|1|0");
}

TEST_F(FencingTest, ADeadlineThatPassedRefusesTheCommit) {
  const Error error =
      error_of([&] { apply({put("k1", 1)}, {.deadline = system_clock::now() - 1s}); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_EQ(rows(), "");
}

TEST_F(FencingTest, TheDeadlineIsCheckedWithOurOwnSqlState) {
  const std::string check =
      fmt::format("SELECT {}.require_before(clock_timestamp())", state_schema());

  const Error error = error_of([&] { query(check); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("the deadline passed before the commit (SQLSTATE DY003)"));
}

TEST_F(FencingTest, TheServerStopsWaitingForALockAtTheDeadline) {
  apply({put("k1", 1)});
  pg::Connection other = connect();
  pg::Transaction holder{other};
  holder.run("UPDATE orders SET _epoch = _epoch");

  const Error error =
      error_of([&] { apply({put("k1", 2)}, {.deadline = system_clock::now() + 200ms}); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("57014"));
  EXPECT_TRUE(connection->usable());
}

TEST_F(FencingTest, TheTimeoutsOfADeadlineEndWithTheirTransaction) {
  const auto timeouts = [&] {
    return fmt::format("{} {}", connection->run("SHOW statement_timeout").at(0, 0),
                       connection->run("SHOW idle_in_transaction_session_timeout").at(0, 0));
  };
  const std::string before = timeouts();

  apply({put("k1", 1)}, {.deadline = system_clock::now() + 1min});

  EXPECT_EQ(timeouts(), before);
}

// A function that was frozen in the middle of its transaction.
TEST_F(FencingTest, AnIdleTransactionIsEndedByTheServerAtItsDeadline) {
  const auto left = 100ms;
  pg::Transaction frozen{*connection};
  frozen.run("SELECT set_config('idle_in_transaction_session_timeout', $1, true)",
             std::move(pg::Params{}.number(left.count())));
  const int pid = connection->backend_pid();
  wait_until(fmt::format("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {}", pid));

  EXPECT_EQ(error_of([&] { frozen.run("SELECT 1"); }).kind(), Error::Kind::transient);
}

}  // namespace
}  // namespace dynamite::test
