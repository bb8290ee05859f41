#include "source/shard_lineage.hpp"

#include <gmock/gmock.h>

namespace dynamite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

ShardDescription shard(std::string id, std::string parent = "") {
  return {.id = std::move(id),
          .parent_id = std::move(parent),
          .starting_sequence_number = "1",
          .ending_sequence_number = ""};
}

constexpr bool kFinished = true;
constexpr bool kUnfinished = false;

TEST(ShardLineage, ReadsParentsBeforeChildren) {
  const Lineage lineage = shard_lineage({shard("c", "b"), shard("b", "a"), shard("a")}, {});

  EXPECT_THAT(lineage.readable, ElementsAre("a"));
  EXPECT_EQ(lineage.waiting, 2U);
  EXPECT_EQ(lineage.gap, "");
}

TEST(ShardLineage, ReadsAChildOnceItsParentIsFinished) {
  const std::vector<ShardDescription> listed{shard("a"), shard("b", "a"), shard("c", "b")};

  const Lineage half = shard_lineage(listed, {{"a", kUnfinished}});
  EXPECT_THAT(half.readable, ElementsAre("a"));
  EXPECT_EQ(half.waiting, 2U);

  const Lineage whole = shard_lineage(listed, {{"a", kFinished}});
  EXPECT_THAT(whole.readable, ElementsAre("b"));
  EXPECT_EQ(whole.waiting, 1U);
  EXPECT_EQ(whole.gap, "");
}

TEST(ShardLineage, ReadsBothChildrenOfASplit) {
  const Lineage lineage = shard_lineage({shard("a"), shard("b", "a"), shard("c", "a"), shard("d")},
                                        {{"a", kFinished}, {"d", kUnfinished}});

  EXPECT_THAT(lineage.readable, UnorderedElementsAre("b", "c", "d"));
  EXPECT_EQ(lineage.waiting, 0U);
  EXPECT_EQ(lineage.gap, "");
}

TEST(ShardLineage, ReadsNothingTwice) {
  const Lineage lineage =
      shard_lineage({shard("a"), shard("b", "a")}, {{"a", kFinished}, {"b", kFinished}});

  EXPECT_THAT(lineage.readable, IsEmpty());
  EXPECT_EQ(lineage.waiting, 0U);
}

TEST(ShardLineage, AStreamThatWasNeverReadHasNoGap) {
  const Lineage lineage = shard_lineage({shard("b", "trimmed"), shard("c", "also trimmed")}, {});

  EXPECT_THAT(lineage.readable, UnorderedElementsAre("b", "c"));
  EXPECT_EQ(lineage.gap, "");
  EXPECT_EQ(lineage.gap_shard, "");
}

TEST(ShardLineage, AFinishedParentThatIsTrimmedLeavesNoGap) {
  const Lineage lineage = shard_lineage({shard("b", "a")}, {{"a", kFinished}});

  EXPECT_THAT(lineage.readable, ElementsAre("b"));
  EXPECT_EQ(lineage.gap, "");
}

TEST(ShardLineage, AnUnfinishedShardThatVanishedIsAGap) {
  const Lineage lineage = shard_lineage({shard("b", "a")}, {{"a", kUnfinished}});

  EXPECT_EQ(lineage.gap, "shard a was trimmed before it was read to its end");
  EXPECT_EQ(lineage.gap_shard, "a");
}

TEST(ShardLineage, AVanishedShardWithoutChildrenIsAGapToo) {
  EXPECT_EQ(shard_lineage({}, {{"a", kUnfinished}}).gap_shard, "a");
}

TEST(ShardLineage, AParentThatWasNeverSeenIsAGap) {
  // a was read to its end; b came and went while nobody looked.
  const Lineage lineage = shard_lineage({shard("c", "b")}, {{"a", kFinished}});

  EXPECT_EQ(lineage.gap, "shard b was trimmed before it was seen");
  EXPECT_EQ(lineage.gap_shard, "b");
}

TEST(ShardLineage, AShardThatIsBeingReadNeedsItsParentNoMore) {
  const Lineage lineage = shard_lineage({shard("c", "b")}, {{"c", kUnfinished}});

  EXPECT_THAT(lineage.readable, ElementsAre("c"));
  EXPECT_EQ(lineage.gap, "");
}

TEST(ShardLineage, AClosedShardIsReadBeforeItsChildrenToo) {
  ShardDescription closed = shard("a");
  closed.ending_sequence_number = "9";

  EXPECT_THAT(shard_lineage({closed, shard("b", "a")}, {}).readable, ElementsAre("a"));
}

TEST(ShardLineage, AnEndedShardWithoutChildrenIsNotTheStreamsEnd) {
  const KnownShards known{{"a", kFinished}, {"b", kFinished}};

  EXPECT_EQ(shard_lineage({shard("a"), shard("b", "a")}, known).childless, 1U);
  EXPECT_EQ(shard_lineage({shard("a"), shard("b", "a"), shard("c", "b")}, known).childless, 0U);
  EXPECT_EQ(shard_lineage({shard("c", "b")}, known).childless, 0U);
}

}  // namespace
}  // namespace dynamite
