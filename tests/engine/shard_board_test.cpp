#include "engine/shard_board.hpp"

#include <gmock/gmock.h>

namespace dynamite {
namespace {

using namespace std::chrono_literals;

class ShardBoardTest : public ::testing::Test {
 protected:
  ShardBoard board_;
  const TimePoint start_ = std::chrono::steady_clock::now();
  const Micros wall_ = std::chrono::time_point_cast<std::chrono::microseconds>(
      std::chrono::system_clock::time_point{1'768'478'400s});

  void idle_pages(const std::string& shard, int count, TimePoint first) {
    for (int page = 0; page < count; ++page) board_.idle(shard, first + page * 1s);
  }
};

TEST_F(ShardBoardTest, AShardThatWasNeverReadIsNotDrained) {
  board_.started("a", start_);

  EXPECT_FALSE(board_.drained_since(start_));
}

TEST_F(ShardBoardTest, OneEmptyPageProvesNothing) {
  board_.started("a", start_);
  idle_pages("a", 2, start_ + 1s);

  EXPECT_FALSE(board_.drained_since(start_));
}

TEST_F(ShardBoardTest, EmptyPagesInARowDrainAShard) {
  board_.started("a", start_);
  idle_pages("a", 3, start_ + 1s);

  EXPECT_TRUE(board_.drained_since(start_));
}

TEST_F(ShardBoardTest, PagesAskedForBeforeDoNotCount) {
  board_.started("a", start_);
  idle_pages("a", 3, start_ - 1s);

  EXPECT_FALSE(board_.drained_since(start_));
}

TEST_F(ShardBoardTest, ARecordBetweenEmptyPagesBeginsTheCountAnew) {
  board_.started("a", start_);
  idle_pages("a", 2, start_ + 1s);
  board_.busy("a");
  board_.applied("a", wall_);
  idle_pages("a", 2, start_ + 4s);

  EXPECT_FALSE(board_.drained_since(start_));
}

TEST_F(ShardBoardTest, EveryShardMustBeDrained) {
  board_.started("a", start_);
  board_.started("b", start_);
  idle_pages("a", 3, start_ + 1s);

  EXPECT_FALSE(board_.drained_since(start_));

  board_.finished("b");

  EXPECT_TRUE(board_.drained_since(start_));
}

TEST_F(ShardBoardTest, AShardWrittenToAllTheTimeCatchesUpByTheTimeOfItsRecords) {
  board_.started("a", start_);
  board_.busy("a");
  board_.applied("a", wall_ - 1s);

  EXPECT_FALSE(board_.caught_up_since(start_, wall_));

  board_.busy("a");
  board_.applied("a", wall_ + 1s);

  EXPECT_TRUE(board_.caught_up_since(start_, wall_));
  EXPECT_FALSE(board_.drained_since(start_));
}

TEST_F(ShardBoardTest, AFinishedShardAsksForADiscoveryOnce) {
  board_.started("a", start_);
  board_.finished("a");

  EXPECT_TRUE(board_.take_discovery_request());
  EXPECT_FALSE(board_.take_discovery_request());
}

TEST_F(ShardBoardTest, AShardWithoutProgressIsStalledUntilItGoesOn) {
  board_.started("a", start_);
  board_.started("b", start_ + 1s);

  EXPECT_EQ(board_.stalled_since(start_), std::nullopt);
  EXPECT_EQ(board_.stalled_since(start_ + 1s), "a");

  board_.progressed("a", start_ + 2s);
  EXPECT_EQ(board_.stalled_since(start_ + 1s), std::nullopt);
}

TEST_F(ShardBoardTest, AFinishedShardIsNeverStalled) {
  board_.started("a", start_);
  board_.finished("a");

  EXPECT_EQ(board_.stalled_since(start_ + 1h), std::nullopt);
}

TEST_F(ShardBoardTest, AnotherStreamHasOtherShards) {
  board_.enter_stream(1);
  board_.started("a", start_);

  board_.enter_stream(2);

  EXPECT_EQ(board_.generation(), 2U);
  EXPECT_THAT(board_.shards(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace dynamite
