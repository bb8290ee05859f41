#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>

#include "replica/state/checkpoints.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/gaps.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using Phase = PassState::Phase;

class PassTest : public ReplicaTest {
 protected:
  Passes passes() { return {*connection, orders}; }
  void note_gap() { record_gap(*connection, orders, {"arn:stream", "shard-1", "trimmed"}); }
  std::string open_gaps() {
    return query(
        fmt::format("SELECT count(*) FROM {}.gap WHERE healed_at IS NULL", state_schema()));
  }
};

TEST_F(PassTest, ANewReplicaHasNoPass) {
  const PassState state = passes().state();

  EXPECT_EQ(state.phase, Phase::none);
  EXPECT_EQ(state.epoch, 0);
  EXPECT_EQ(state.completed_epoch, 0);
  EXPECT_FALSE(state.gap_open);
}

TEST_F(PassTest, StartRaisesTheEpoch) {
  EXPECT_EQ(passes().start({.segments = 4}, {}), 1);

  const PassState state = passes().state();
  EXPECT_EQ(state.phase, Phase::running);
  EXPECT_EQ(state.epoch, 1);
  EXPECT_EQ(state.segments, 4);
}

TEST_F(PassTest, StartForgetsTheSegmentsOfEarlierPasses) {
  start_pass();
  apply({}, {.writer = ByPass{1}}, {.lane = segment_lane(1, 0), .position = "{}"});
  take_over(*connection, orders, {});
  apply({}, {.writer = ByFollower{1}}, {.lane = "shard/1/a", .position = "7"});

  start_pass();

  EXPECT_EQ(query(fmt::format("SELECT lane FROM {}.checkpoint", state_schema())), "shard/1/a");
}

TEST_F(PassTest, TheSweepDeletesWhatThePassDidNotMeet) {
  apply({put("k1", 1), put("k2", 2), put("k3", 3)});
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k1", "scan")});
  apply({put("k3", 4)});

  const std::uint64_t swept = end_pass(pass);

  EXPECT_EQ(rows(), "k1|scan|1|1\nk3|4|4|1");
  EXPECT_EQ(tombstones(), "k2|2|1");
  EXPECT_EQ(swept, 1U);
}

TEST_F(PassTest, ACompletedPassIsNoted) {
  end_pass(start_pass());

  const PassState state = passes().state();
  EXPECT_EQ(state.phase, Phase::none);
  EXPECT_EQ(state.completed_epoch, 1);
}

TEST_F(PassTest, TheSweepGoesThroughLargeTablesInChunks) {
  query(
      "INSERT INTO orders (pk, item, mod_time, create_time, _version, _epoch) "
      "SELECT 'k' || i, '{}', now(), now(), i, i % 2 FROM generate_series(1, 20001) i");
  const std::int32_t pass = start_pass();

  const std::uint64_t swept = end_pass(pass);

  EXPECT_EQ(swept, 10'000U);
  EXPECT_EQ(query("SELECT count(*), min(_epoch) FROM orders"), "10001|1");
  EXPECT_EQ(query(fmt::format("SELECT count(*) > 1, count(DISTINCT xmin::text) > 1 FROM {}",
                              orders.targets.front().tombstones)),
            "t|t");
}

TEST_F(PassTest, TheSweepGoesThroughCompositeKeysInChunks) {
  orders = make_replica(keys(KeyType::N, KeyType::B), "composite");
  query(
      "INSERT INTO composite (pk, sk, item, mod_time, create_time, _version, _epoch) "
      "SELECT i % 3, int4send(i), '{}', now(), now(), i, i % 2 FROM generate_series(1, 12000) i");
  const std::int32_t pass = start_pass();

  const std::uint64_t swept = end_pass(pass);

  EXPECT_EQ(swept, 6'000U);
}

TEST_F(PassTest, AnInterruptedSweepIsTakenUpAgain) {
  apply({put("k1", 1), put("k2", 2)});
  const std::int32_t pass = start_pass();
  passes().begin_sweep(pass, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(error_of([&] { passes().sweep(pass, {}, stop.get_token()); }).kind(),
            Error::Kind::transient);
  EXPECT_EQ(passes().state().phase, Phase::sweeping);

  const std::uint64_t swept = end_pass(pass);

  EXPECT_EQ(swept, 2U);
  EXPECT_EQ(passes().state().phase, Phase::none);
}

TEST_F(PassTest, TheEndOfACompletedPassMayBeRepeated) {
  const std::int32_t pass = start_pass();
  end_pass(pass);
  apply({put("k1", 1)});

  EXPECT_EQ(end_pass(pass), 0U);

  EXPECT_EQ(rows(), "k1|1|1|1");
  EXPECT_EQ(passes().state().phase, Phase::none);
}

TEST_F(PassTest, TheSweepOfAnEarlierPassIsFenced) {
  const std::int32_t earlier = start_pass();
  start_pass();

  EXPECT_EQ(error_of([&] { passes().begin_sweep(earlier, {}); }).kind(), Error::Kind::fenced);
}

TEST_F(PassTest, ASweepThatANewPassOvertookDeletesAndHealsNothing) {
  note_gap();
  const std::int32_t earlier = start_pass();
  apply({put("k1", 1)});
  passes().begin_sweep(earlier, {});
  start_pass();

  EXPECT_EQ(error_of([&] { passes().sweep(earlier, {}, {}); }).kind(), Error::Kind::fenced);

  EXPECT_EQ(rows(), "k1|1|1|1");
  EXPECT_EQ(open_gaps(), "1");
  EXPECT_EQ(passes().state().phase, Phase::running);
}

TEST_F(PassTest, ACompletedPassHealsTheGapsBeforeIt) {
  note_gap();
  EXPECT_TRUE(passes().state().gap_open);
  const std::int32_t pass = start_pass();
  EXPECT_FALSE(passes().state().gap_since_start);

  end_pass(pass);

  EXPECT_FALSE(passes().state().gap_open);
}

TEST_F(PassTest, AGapDuringThePassStaysOpen) {
  const std::int32_t pass = start_pass();
  note_gap();
  EXPECT_TRUE(passes().state().gap_since_start);

  end_pass(pass);

  EXPECT_TRUE(passes().state().gap_open);
}

TEST_F(PassTest, AReplicaThatIsNoLongerRegisteredIsGone) {
  query(fmt::format("DELETE FROM {}.replica", state_schema()));

  EXPECT_EQ(error_of([&] { passes().state(); }).kind(), Error::Kind::gone);
}

TEST_F(PassTest, TombstonesOfTwoDaysAgoExpire) {
  apply({removal("k1", 1), removal("k2", 2)});
  query(fmt::format("UPDATE {} SET removed_at = now() - interval '49 hours' WHERE k1 = 'k1'",
                    orders.targets.front().tombstones));

  EXPECT_EQ(expire_tombstones(*connection, orders), 1U);

  EXPECT_EQ(tombstones(), "k2|2|0");
}

TEST_F(PassTest, NoTombstoneExpiresWhileAPassRuns) {
  apply({removal("k1", 1)});
  query(fmt::format("UPDATE {} SET removed_at = now() - interval '49 hours'",
                    orders.targets.front().tombstones));
  const std::int32_t pass = start_pass();

  EXPECT_EQ(expire_tombstones(*connection, orders), 0U);

  end_pass(pass);
  EXPECT_EQ(expire_tombstones(*connection, orders), 1U);
}

TEST_F(PassTest, ARepeatedRemoveRenewsNoTombstone) {
  apply({removal("k1", 1)});
  query(fmt::format("UPDATE {} SET removed_at = now() - interval '49 hours'",
                    orders.targets.front().tombstones));

  apply({removal("k1", 1)});

  EXPECT_EQ(expire_tombstones(*connection, orders), 1U);
}

TEST_F(PassTest, HistoriesKeepWhatTheirTargetsSay) {
  using std::chrono::hours;
  Replica wanted = wanted_replica(keys(KeyType::S), "noted");
  wanted.targets.clear();
  for (const int days : {0, 2, 30})
    wanted.targets.push_back(
        new_target(state_schema(), schema(), fmt::format("noted_{}", days), keys(KeyType::S),
                   {.rules = {.history = true, .history_keep = hours{24} * days}}));
  const Replica noted = make_replica(wanted);
  for (const int days : {0, 2, 30})
    query(
        fmt::format("INSERT INTO noted_{}_history (pk, change, mod_time, _version) SELECT 'a', "
                    "'removed', now() - v * interval '10 days' - interval '5 days', 10 - v FROM "
                    "generate_series(0, "
                    "5) v",
                    days));

  EXPECT_EQ(expire_histories(*connection, noted), 6U + 3U);

  const auto counts = [&] {
    return query(
        "SELECT (SELECT count(*) FROM noted_0_history), (SELECT count(*) FROM noted_2_history), "
        "(SELECT count(*) FROM noted_30_history)");
  };
  EXPECT_EQ(counts(), "6|0|3");

  // The next call looks at what grew old since.
  const std::string expired_to = fmt::format(
      "UPDATE {}.replica_target SET history_expired_to = history_expired_to - interval '10 days' "
      "WHERE target_table = 'noted_30'",
      state_schema());
  query("UPDATE noted_30_history SET mod_time = mod_time - interval '10 days'");
  EXPECT_EQ(expire_histories(*connection, noted), 0U) << "all of it is older than the last call";
  query(expired_to);
  EXPECT_EQ(expire_histories(*connection, noted), 1U);
  EXPECT_EQ(counts(), "6|0|2");
}

TEST_F(PassTest, OfABatchOnlyWhatAnOlderStreamHadIsDropped) {
  const std::int32_t pass = passes().start({.oldest_generation = 6}, {});
  apply_scanned(pass, {scanned("k1", "scanned")});

  const ApplyOutcome outcome = apply({removal("k1", 9).of_generation(5),
                                      put("k2", 1).of_generation(6), put("k3", 1).of_generation(7)},
                                     {}, {.lane = "shard/1/a", .position = "9"});

  EXPECT_EQ(
      query(fmt::format("SELECT pk FROM {} ORDER BY pk", orders.targets.front().qualified_name())),
      "k1\nk2\nk3");
  EXPECT_EQ(tombstones(), "");
  EXPECT_EQ(outcome.records, 3U);
  EXPECT_EQ(outcome.changes, 2U);
  EXPECT_EQ(load_checkpoints(*connection, orders, "shard/").at("shard/1/a").position, "9");
}

// DescribeTable is eventually consistent: it may tell of a stream that was replaced before.
TEST_F(PassTest, WhatWasOutdatedStaysSo) {
  end_pass(passes().start({.oldest_generation = 6}, {}));
  end_pass(passes().start({.oldest_generation = 5}, {}));

  apply({put("k1", 1).of_generation(5)});

  EXPECT_EQ(rows(), "");
}

// It is of no stream's order: its epoch says that it is what the table has.
TEST_F(PassTest, WhatWasReadBackOfAnOlderStreamIsApplied) {
  const std::int32_t pass = passes().start({.oldest_generation = 6}, {});
  end_pass(pass);

  apply({put("k1", 1).of_generation(5)}, {.writer = ByReadBack{pass}});

  EXPECT_EQ(query(fmt::format("SELECT pk FROM {}", orders.targets.front().qualified_name())), "k1");
}

TEST_F(PassTest, AStreamThatFollowsAnotherIsAGap) {
  const auto gaps = [&] {
    return query(
        fmt::format("SELECT stream_arn, noticed_epoch FROM {}.gap ORDER BY 1", state_schema()));
  };

  EXPECT_FALSE(note_stream(*connection, orders, "arn:a", 5));
  EXPECT_FALSE(note_stream(*connection, orders, "arn:a", 5));
  EXPECT_EQ(gaps(), "");

  EXPECT_TRUE(note_stream(*connection, orders, "arn:b", 9));
  EXPECT_FALSE(note_stream(*connection, orders, "arn:b", 9));
  EXPECT_FALSE(note_stream(*connection, orders, "arn:a", 5));
  EXPECT_EQ(gaps(), "arn:b|0");
  EXPECT_TRUE(passes().state().gap_open);
}

TEST_F(PassTest, ShardsThatEndedTwoDaysAgoAreForgotten) {
  apply({}, {}, {.lane = "shard/1/old", .position = "1", .finished = true});
  apply({}, {}, {.lane = "shard/1/open", .position = "1"});
  query(fmt::format("UPDATE {}.checkpoint SET updated_at = now() - interval '49 hours'",
                    state_schema()));
  apply({}, {}, {.lane = "shard/1/new", .position = "1", .finished = true});

  EXPECT_THAT(forget_old_shards(*connection, orders), ::testing::ElementsAre("shard/1/old"));

  EXPECT_EQ(query(fmt::format("SELECT lane FROM {}.checkpoint ORDER BY 1", state_schema())),
            "shard/1/new\nshard/1/open");
}

TEST_F(PassTest, TheViewStatusTellsAboutThePass) {
  apply({put("k1", 1)}, {}, {.lane = "shard/1/a", .position = "1"});
  start_pass();
  apply({scanned("k2", "scan")}, {.writer = ByPass{1}},
        {.lane = segment_lane(1, 0), .position = "", .finished = true});
  note_gap();

  EXPECT_EQ(query(fmt::format(
                "SELECT table_name, state, epoch, pass, records, shards_open, segments_done, "
                "segments_total, items_scanned, dead_letters, open_gaps FROM {}.status",
                state_schema())),
            "orders|snapshot|1|running|1|1|1|1|1|0|1");
}

}  // namespace
}  // namespace dynamite::test
