#include "engine/table_state.hpp"

#include <gmock/gmock.h>

namespace dynamite {
namespace {

using namespace std::chrono_literals;

class TableStateTest : public ::testing::Test {
 protected:
  TableState state_{{}, 0, 1, {}};
  const TimePoint start_ = std::chrono::steady_clock::now();
  const Micros wall_ = std::chrono::time_point_cast<std::chrono::microseconds>(
      std::chrono::system_clock::time_point{1'768'478'400s});

  void idle_pages(const std::string& shard, int count, TimePoint first) {
    for (int page = 0; page < count; ++page) state_.shard_idle(shard, first + page * 1s);
  }
};

TEST_F(TableStateTest, AShardThatWasNeverReadIsNotDrained) {
  state_.shard_started("a", start_);

  EXPECT_FALSE(state_.drained_since(start_));
}

TEST_F(TableStateTest, OneEmptyPageProvesNothing) {
  state_.shard_started("a", start_);
  idle_pages("a", 2, start_ + 1s);

  EXPECT_FALSE(state_.drained_since(start_));
}

TEST_F(TableStateTest, EmptyPagesInARowDrainAShard) {
  state_.shard_started("a", start_);
  idle_pages("a", 3, start_ + 1s);

  EXPECT_TRUE(state_.drained_since(start_));
}

TEST_F(TableStateTest, PagesAskedForBeforeDoNotCount) {
  state_.shard_started("a", start_);
  idle_pages("a", 3, start_ - 1s);

  EXPECT_FALSE(state_.drained_since(start_));
}

TEST_F(TableStateTest, ARecordBetweenEmptyPagesBeginsTheCountAnew) {
  state_.shard_started("a", start_);
  idle_pages("a", 2, start_ + 1s);
  state_.shard_busy("a");
  state_.shard_applied("a", wall_);
  idle_pages("a", 2, start_ + 4s);

  EXPECT_FALSE(state_.drained_since(start_));
}

TEST_F(TableStateTest, EveryShardMustBeDrained) {
  state_.shard_started("a", start_);
  state_.shard_started("b", start_);
  idle_pages("a", 3, start_ + 1s);

  EXPECT_FALSE(state_.drained_since(start_));

  state_.shard_finished("b");

  EXPECT_TRUE(state_.drained_since(start_));
}

TEST_F(TableStateTest, AShardWrittenToAllTheTimeCatchesUpByTheTimeOfItsRecords) {
  state_.shard_started("a", start_);
  state_.shard_busy("a");
  state_.shard_applied("a", wall_ - 1s);

  EXPECT_FALSE(state_.caught_up_since(start_, wall_));

  state_.shard_busy("a");
  state_.shard_applied("a", wall_ + 1s);

  EXPECT_TRUE(state_.caught_up_since(start_, wall_));
  EXPECT_FALSE(state_.drained_since(start_));
}

TEST_F(TableStateTest, AFinishedShardAsksForADiscoveryOnce) {
  state_.shard_started("a", start_);
  state_.shard_finished("a");

  EXPECT_TRUE(state_.take_discovery_request());
  EXPECT_FALSE(state_.take_discovery_request());
}

TEST_F(TableStateTest, TheFirstFailureStays) {
  state_.fail(Error{Error::Kind::usage, "first"});
  state_.fail(Error{Error::Kind::bug, "second"});

  EXPECT_TRUE(state_.ended());
  EXPECT_STREQ(state_.failure()->what(), "first");
}

TEST_F(TableStateTest, WhatIsRepeatedForLongIsAProblemWithItsReason) {
  const Error error{Error::Kind::transient, "PostgreSQL: statement timeout"};
  state_.note_repeat("applying of segment/1/0", error, start_);

  EXPECT_EQ(state_.problem(start_), "");
  EXPECT_EQ(state_.problem(start_ + 1s),
            "applying of segment/1/0 fails: PostgreSQL: statement timeout");
  state_.note_recovery("applying of segment/1/0");
  EXPECT_EQ(state_.problem(start_ + 1s), "");
}

TEST_F(TableStateTest, AShardWithoutProgressIsAProblemUntilItGoesOn) {
  state_.shard_started("a", start_);
  state_.shard_started("b", start_ + 1s);

  EXPECT_EQ(state_.problem(start_), "");
  EXPECT_EQ(state_.problem(start_ + 1s), "a makes no progress");

  state_.shard_progressed("a", start_ + 2s);
  EXPECT_EQ(state_.problem(start_ + 1s), "");
}

TEST_F(TableStateTest, AFinishedShardIsNoProblem) {
  state_.shard_started("a", start_);
  state_.shard_finished("a");

  EXPECT_EQ(state_.problem(start_ + 1h), "");
}

TEST_F(TableStateTest, ASourceWithoutAStreamIsTheProblemThatIsNamed) {
  state_.shard_started("a", start_);
  state_.set_source_problem("\"orders\" has no stream");

  EXPECT_EQ(state_.problem(start_ + 1h), "\"orders\" has no stream");
}

}  // namespace
}  // namespace dynamite
