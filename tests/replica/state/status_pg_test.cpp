#include <fmt/format.h>
#include <gmock/gmock.h>

#include "mapping/routing.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/pass.hpp"
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

TEST_F(StatusTest, ItemsThatNoTargetTakesAreCountedWithTheCheckpoint) {
  for (Target& target : orders.targets) target.mapping.rules.where = "v = 'x'";
  orders.routing = routing_of(orders.targets, orders.source->key_schema, TargetRows::routed);
  query("ALTER TABLE orders ADD CHECK (pk <> 'bad')");
  // The refused record has the batch run again, bisected.
  apply({put("k1", 1), put("k2", 2, "x"), removal("k3", 3), put("bad", 4, "x"), put("k1", 5)}, {},
        {.lane = "shard/1/a", .position = "5"});
  apply({put("k1", 6)}, {}, {.lane = "shard/1/b", .position = "6"});
  const std::int32_t epoch = start_pass();
  apply({scanned("k1", "6"), scanned("k2", "x"), scanned("k4", "y")}, {.writer = ByPass{epoch}},
        {.lane = segment_lane(epoch, 0), .position = ""});

  const TableStatus table = status();

  EXPECT_EQ(table.records, 6);
  EXPECT_EQ(table.untaken, 3);
  EXPECT_EQ(table.items_scanned, 3);
  EXPECT_EQ(table.items_untaken, 2);
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
