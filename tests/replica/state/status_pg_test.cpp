#include <fmt/format.h>
#include <gmock/gmock.h>

#include "replica/state/follower.hpp"
#include "replica/state/plan.hpp"
#include "replica/state/status.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;

class StatusTest : public ReplicaTest {
 protected:
  TableStatus status() { return read_status(*connection, state_schema()).at(0); }
};

TEST_F(StatusTest, ATableThatAPassFilledIsHealthy) {
  apply({put("k1", 1)}, {}, {.lane = "shard/1/a", .position = "1"});
  end_pass(start_pass());

  const TableStatus table = status();

  EXPECT_EQ(table.table, "orders");
  EXPECT_EQ(table.replica, schema() + ".orders");
  EXPECT_EQ(table.records, 1);
  EXPECT_EQ(table.shards_open, 1);
  EXPECT_EQ(table.completed_epoch, 1);
  EXPECT_EQ(table.follower, "lambda");
  EXPECT_TRUE(table.lag_ms);
  EXPECT_TRUE(table.healthy());
}

TEST_F(StatusTest, AMappingThatNeedsAPassIsNotHealthy) {
  end_pass(start_pass());
  query(fmt::format("UPDATE {}.replica_target SET since_epoch = 2", state_schema()));

  EXPECT_TRUE(status().needs_pass);
  EXPECT_FALSE(status().healthy());

  end_pass(start_pass());
  EXPECT_TRUE(status().healthy());
}

TEST_F(StatusTest, ADaemonThatLivesHoldsItsSessionLock) {
  take_over(*connection, orders, {});
  end_pass(start_pass());

  EXPECT_THAT(status().silence(), HasSubstr("its daemon is gone"));
  EXPECT_FALSE(status().healthy());

  pg::Connection daemon = connect();
  ASSERT_TRUE(try_hold_alive(daemon, orders));
  EXPECT_TRUE(status().daemon_lives);
  EXPECT_EQ(status().trouble(), "");
}

TEST_F(StatusTest, OpenProblemsAreCounted) {
  query("ALTER TABLE orders ADD CHECK (pk <> 'bad')");
  apply({put("bad", 1)});

  const OpenProblems open = count_open_problems(*connection, state_schema());

  EXPECT_EQ(open.dead_letters, 1);
  EXPECT_EQ(open.gaps, 0);
  EXPECT_EQ(status().dead_letters, 1);
}

TEST_F(StatusTest, ADroppedReplicaLeavesNothingBehind) {
  apply({put("k1", 1), removal("k2", 2)}, {}, {.lane = "shard/1/a", .position = "1"});
  Planner planner{*connection, state_schema()};

  planner.execute(planner.plan_drop(orders));

  EXPECT_TRUE(read_status(*connection, state_schema()).empty());
  for (const char* table : {"replica", "replica_target", "checkpoint"})
    EXPECT_EQ(query(fmt::format("SELECT count(*) FROM {}.{}", state_schema(), table)), "0");
  EXPECT_TRUE(planner.plan_replica(orders).creates_table);
}

}  // namespace
}  // namespace dynamite::test
