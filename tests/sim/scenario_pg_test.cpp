#include <fmt/format.h>
#include <gmock/gmock.h>
#include <malloc.h>

#include "replica/change/target_change.hpp"
#include "replica/change/targets_change.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/follower.hpp"
#include "sim/world_fixture.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::uint64_t kSeed = 12;

/// Histories by hand; each was once lost by a daemon, or is told of others.
class ScenarioTest : public WorldFixture {
 protected:
  void SetUp() override {
    WorldFixture::SetUp();
    if (HasFatalFailure()) return;
    place_ = make_place(kSeed);
    world_.emplace(kSeed, place_);
    world_->start_daemon();
    settle();
  }

  void settle() { ASSERT_EQ(world_->settle(), ""); }
  World& world() { return *world_; }
  Stream& stream() { return *world_->table().stream(); }
  /// Returns when the status begins so, ten minutes at most.
  void wait_for(const std::string& status) {
    for (int look = 0; look < 6'000 && !world().status().starts_with(status); ++look)
      world().run_for(100ms);
    EXPECT_THAT(world().status(), StartsWith(status));
  }

  Place place_;
  std::optional<World> world_;
};

// Lambda asks each shard four times a second.
TEST_F(ScenarioTest, WhereNothingHappensItAsksSeldom) {
  Counts& counts = world().chance().counts;
  counts.clear();

  world().run_for(10min);

  const std::uint64_t shards = stream().shards().size();
  EXPECT_GE(counts["calls of GetRecords"], 570 * shards);
  EXPECT_LE(counts["calls of GetRecords"], 600 * shards);
  EXPECT_LE(counts["calls of DescribeStream"], 125U);
  EXPECT_LE(counts["calls of DescribeTable"], 125U);
  EXPECT_LE(counts["calls of GetShardIterator"], 2 * shards);
  EXPECT_EQ(counts["calls of Scan"], 0U);
}

// Shards come and go, and nothing of those that went is kept for long.
TEST_F(ScenarioTest, AWeekOfRollsLeavesMemoryFlat) {
  const auto live_for = [&](int days) {
    for (int roll = 0; roll < 6 * days; ++roll) {
      for (int shard = 0; shard < 3; ++shard) stream().replace_shard(1);
      world().write(20);
      world().run_for(90s);
      world().pass_time(4h);
    }
    return mallinfo2().uordblks;
  };
  // Until then buffers grow to the largest page that happens to come.
  const std::size_t after_six_days = live_for(6);

  const std::size_t after_thirteen_days = live_for(7);

  EXPECT_LT(after_thirteen_days, after_six_days + 100'000);
  settle();
}

TEST_F(ScenarioTest, WhatWasTrimmedWhileTheDaemonHungIsMadeUpForWithoutARestart) {
  world().write(20);
  world().pass_time(30h);

  settle();
}

TEST_F(ScenarioTest, AGapThatWasNoticedBeforeASweepWasResumedBringsAnotherPass) {
  world().kill_daemon();
  const std::string state = state_schema();
  query(fmt::format("UPDATE {}.replica SET epoch = epoch + 1, pass = 'sweeping'", state));
  query(
      fmt::format("INSERT INTO {0}.gap (replica_id, reason, noticed_epoch) "
                  "SELECT replica_id, 'test', epoch FROM {0}.replica",
                  state));
  for (const Target& target : place_.replica.targets)
    query(fmt::format("UPDATE {} SET _epoch = _epoch + 1", target.qualified_name()));
  world().start_daemon();

  settle();
}

// Its shard was never seen: nothing looks as if it were lost.
TEST_F(ScenarioTest, AShardThatCameAndWentWhileTheDaemonHungIsMadeUpFor) {
  stream().replace_shard(1);
  world().write(20);
  world().pass_time(30h);

  settle();
}

TEST_F(ScenarioTest, WhatWasTrimmedWhileNobodyFollowedIsMadeUpFor) {
  world().kill_daemon();
  world().write(20);
  world().pass_time(30h);
  world().start_daemon();

  settle();
}

TEST_F(ScenarioTest, ADayOfRollsAndSplitsLosesNothing) {
  for (int hours = 0; hours < 24; hours += 4) {
    world().write(10);
    stream().replace_shard(1 + hours % 8 / 4);
    world().write(10);
    world().run_for(2min);
    world().pass_time(238min);
  }

  EXPECT_THAT(world().status(), HasSubstr(", 0 gaps"));
  settle();
}

// The parent is listed as closed for seconds before its children are listed at all.
TEST_F(ScenarioTest, AShardWhoseChildrenAreNotListedYetIsNotTheEnd) {
  world().chance().irregularities.listing_lag_max = 60s;
  stream().replace_shard(2);
  world().write(20);
  world().run_for(90s);

  EXPECT_EQ(world().difference(), "");
}

TEST_F(ScenarioTest, AStreamThatIsOffIsWaitedForAndSaid) {
  world().table().disable_stream();
  world().write(10);
  world().run_for(30s);
  EXPECT_THAT(world().status(), HasSubstr("has no stream"));

  world().table().enable_stream("NEW_IMAGE", 2);

  settle();
}

// Seed 777186 of the worlds: on a quiet table the daemon believed that it still followed, and what
// it noted went nowhere.
TEST_F(ScenarioTest, ATableThatWasReleasedWhileTheConnectionsWereLostIsTakenAgain) {
  const auto followed = [&](const std::string& what) {
    return query(fmt::format("SELECT {} FROM {}.replica", what, state_schema()));
  };
  world().run_for(1min);
  const std::string owner = followed("fencing_number");
  query(
      "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
      "WHERE application_name = '" +
      place_.connect.application_name + "'");
  {
    pg::Connection connection = connect();
    ASSERT_TRUE(try_hold_alive(connection, place_.replica));
    ASSERT_TRUE(release(connection, place_.replica, {}));
  }
  ASSERT_EQ(followed("follower"), "lambda");

  world().run_for(1min);

  EXPECT_EQ(followed("follower || ' ' || state"), "daemon following");
  EXPECT_EQ(followed("fencing_number"), std::to_string(std::stoi(owner) + 2));
  settle();
}

// Seed 345 of the worlds: the daemon tidied up tombstones that were gone with their target, and
// stopped for good.
TEST_F(ScenarioTest, ATargetThatIsLetGoBeforeADaemonTidiesUpStopsNothing) {
  pg::Connection connection = connect();
  const auto owner = [&] {
    return query(fmt::format("SELECT fencing_number FROM {}.replica", state_schema()));
  };
  const std::string before = owner();
  world().kill_first_daemon();
  world().start_daemon();
  for (int look = 0; look < 10'000 && owner() == before; ++look) world().run_for(10ms);
  world().run_for(
      1'200ms);  // it has just looked at the mapping, and tidies up before the next look

  const Replica replica =
      Catalogue{connection, state_schema()}.find(place_.replica.source->arn).value();
  ASSERT_TRUE(
      try_change(connection, replica,
                 plan_released_targets(connection, replica, std::vector{replica.targets.back()})));

  settle();
}

TEST_F(ScenarioTest, WhatPostgresqlRefusesAgainAndAgainIsSaidWithItsReason) {
  query(
      "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RAISE EXCEPTION ''lock not to be had'' USING ERRCODE = ''55P03''; END'");
  query(
      fmt::format("CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON {} FOR EACH STATEMENT "
                  "EXECUTE FUNCTION slow()",
                  place_.replica.targets.front().qualified_name()));
  world().write(10);
  world().run_for(3min);
  EXPECT_THAT(world().status(),
              HasSubstr("fails: PostgreSQL: lock not to be had (SQLSTATE 55P03)"));

  query(fmt::format("DROP TRIGGER slow ON {}", place_.replica.targets.front().qualified_name()));

  settle();
  world().run_for(10s);
  EXPECT_THAT(world().status(), Not(HasSubstr("fails")));
}

// Seed 1049 of the worlds: the gap was never noted, and rows stayed that were removed in between.
TEST_F(ScenarioTest, ANewStreamIsAGapAlsoIfTheConnectionBreaksWhenItIsNoted) {
  world().table().disable_stream();
  world().write(40);
  world().run_for(1s);
  world().table().enable_stream("NEW_IMAGE", 1);
  query(
      "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
      "WHERE application_name = '" +
      place_.connect.application_name + "'");

  settle();
}

TEST_F(ScenarioTest, AStreamOfKeysAloneIsFollowedByReadingItsItems) {
  world().table().disable_stream();
  world().run_for(1s);
  world().table().enable_stream("KEYS_ONLY", 1);
  settle();

  for (int i = 0; i < 20; ++i) {
    world().write(10);
    world().run_for(1s);
  }

  settle();
}

TEST_F(ScenarioTest, ATableThatWasDeletedIsWaitedForAndItsRowsGo) {
  const KeySchema schema = world().table().key_schema();
  world().write(10);
  world().service().delete_table(world().table().name());
  world().run_for(30s);
  EXPECT_THAT(world().status(), HasSubstr("ResourceNotFoundException"));

  world().service().create_table(World::table_name(kSeed), schema, "NEW_IMAGE");
  world().write(3);

  settle();
}

TEST_F(ScenarioTest, ATableMadeAgainWithAnotherKeyIsNotMixedIntoTheReplica) {
  const std::string name = world().table().name();
  world().service().delete_table(name);
  world().service().create_table(
      name, {.partition = {.name = "other", .type = KeyType::S}, .sort = std::nullopt},
      "NEW_AND_OLD_IMAGES");
  world().table().put(R"({"other":{"S":"a"}})");

  world().run_for(1min);

  EXPECT_THAT(world().status(), HasSubstr("was re-created with another key"));
  EXPECT_THAT(world().difference(), HasSubstr("a daemon has stopped"));
}

TEST_F(ScenarioTest, ATableThatIsDeletedWhileItIsCopiedIsCopiedAnew) {
  const KeySchema schema = world().table().key_schema();
  place_.read_units = 1;
  world().kill_daemon();
  world().start_daemon();
  world().chance().irregularities.short_page_percent = 100;
  world().write(60);
  world().pass_time(30h);
  wait_for("snapshot");
  world().service().delete_table(world().table().name());
  world().run_for(30s);

  world().service().create_table(World::table_name(kSeed), schema, "NEW_IMAGE");
  world().write(5);

  settle();
}

TEST_F(ScenarioTest, ASecondDaemonTakesOverWithinSeconds) {
  world().start_daemon();
  world().run_for(10s);
  world().kill_first_daemon();  // the second stands by
  // The server sees that within milliseconds, but of its own clock.
  wait_until(
      fmt::format("SELECT count(*) = 0 FROM pg_locks JOIN pg_stat_activity USING (pid) "
                  "WHERE locktype = 'advisory' AND application_name = '{}'",
                  place_.connect.application_name));
  world().write(10);
  world().run_for(5s);

  EXPECT_EQ(world().difference(), "");
}

TEST_F(ScenarioTest, ASnapshotBesideADaemonEndsInFollowing) {
  const std::string completed =
      fmt::format("SELECT completed_epoch FROM {} WHERE replica_id = {}",
                  state_name(state_schema(), "replica"), place_.replica.id);
  world().run_for(5min);  // no new columns come meanwhile, for which it would begin anew
  const std::string before = query(completed);
  world().start_snapshot();
  for (int look = 0; look < 600 && query(completed) == before; ++look) world().run_for(1s);
  EXPECT_NE(query(completed), before);

  world().run_for(1min);

  EXPECT_THAT(world().status(), StartsWith("following"));
  EXPECT_EQ(world().difference(), "");
}

TEST_F(ScenarioTest, ThrottledForHoursItLosesNothing) {
  Irregularities& irregular = world().chance().irregularities;
  irregular.empty_page_percent = 90;
  for (int i = 0; i < 20; ++i) {
    world().write(5);
    world().run_for(1min);
  }

  settle();
}

}  // namespace
}  // namespace dynamite::sim
