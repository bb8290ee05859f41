#include <fmt/format.h>
#include <gmock/gmock.h>

#include "replica/source_model.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"
#include "support/interleaving.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using enum KeyType;

class CopyTest : public ReplicaTest {
 protected:
  ApplyOutcome copy(const Replica& table, std::int32_t pass, const std::vector<TestChange>& items,
                    ApplyOptions options = {}) {
    const Batch batch = batch_of(table, items);
    const PreparedBatch prepared = prepare_copy(batch.changes, table, pass);
    return Applier{*connection, options}.apply(
        {.table = table, .batch = batch, .prepared = &prepared, .fence = {.writer = ByPass{pass}}});
  }
  ApplyOutcome copy(std::int32_t pass, const std::vector<TestChange>& items) {
    return copy(orders, pass, items);
  }

  /// All of a replica's columns, a line a row.
  std::string all_of(const Replica& table) {
    return query("SELECT r::text FROM " + table.targets.front().qualified_name() + " r ORDER BY 1");
  }
};

TEST_F(CopyTest, LeavesTheRowsThatPutsLeave) {
  for (const auto& [name, schema] :
       {std::pair{"s", keys(S)}, std::pair{"n", keys(N)}, std::pair{"b", keys(B)},
        std::pair{"sn", keys(S, N)}, std::pair{"nb", keys(N, B)}, std::pair{"bs", keys(B, S)}}) {
    SCOPED_TRACE(name);
    const Replica copied = make_replica(schema, fmt::format("copied_{}", name));
    const Replica put = make_replica(schema, fmt::format("put_{}", name));
    RandomItems items{7};
    std::vector<TestChange> page;
    for (std::uint64_t key = 0; key < 300; ++key)
      page.push_back(scanned_item(items.item(schema, key)));

    const ApplyOutcome outcome =
        copy(copied, Passes{*connection, copied}.start({.segments = 1}, {}), page);
    const std::int32_t pass = Passes{*connection, put}.start({.segments = 1}, {});
    Applier{*connection, {}}.apply(
        {.table = put, .batch = batch_of(put, page), .fence = {.writer = ByPass{pass}}});

    EXPECT_TRUE(outcome.copied);
    EXPECT_EQ(outcome.applied, page.size());
    EXPECT_EQ(all_of(copied), all_of(put));
  }
}

TEST_F(CopyTest, WritesTheCheckpointWithTheRows) {
  const std::int32_t pass = start_pass();
  const Batch batch = batch_of(orders, {scanned("k1", "scan")});
  const PreparedBatch prepared = prepare_copy(batch.changes, orders, pass);

  Applier{*connection, {}}.apply(
      {.table = orders,
       .batch = batch,
       .prepared = &prepared,
       .fence = {.writer = ByPass{pass}},
       .checkpoint = Checkpoint{.lane = "segment/1/0", .position = "p"}});

  EXPECT_EQ(query(fmt::format("SELECT lane, position, records FROM {}.checkpoint", state_schema())),
            "segment/1/0|p|1");
}

TEST_F(CopyTest, ARowThatIsThereMakesAllOfThemPuts) {
  const std::int32_t pass = start_pass();
  apply({put("k2", 5, "stream")});

  const ApplyOutcome outcome = copy(pass, {scanned("k1", "scan"), scanned("k2", "scan")});

  EXPECT_FALSE(outcome.copied);
  EXPECT_EQ(outcome.applied, 1U);
  EXPECT_EQ(rows(), "k1|scan|0|1\nk2|stream|5|1");
}

TEST_F(CopyTest, WhatWasRemovedSinceThePassBeganIsTakenBack) {
  const std::int32_t pass = start_pass();
  apply({removal("k1", 2)});

  const ApplyOutcome outcome = copy(pass, {scanned("k1", "scan"), scanned("k2", "scan")});

  EXPECT_TRUE(outcome.copied);
  EXPECT_EQ(outcome.applied, 1U);
  EXPECT_EQ(rows(), "k2|scan|0|1");
}

// The remove looks for a row before the copy has one, and commits after it has looked for
// tombstones anywhere.
TEST_F(CopyTest, MeetsARemoveThatIsInFlight) {
  const std::int32_t pass = start_pass();
  CommitGate gate{*this};
  Applying removing{*this, {removal("k1", 2)}, {}, CommitGate::checkpoint()};
  removing.wait_until_blocked();
  Applying copying{*this, {scanned("k1", "scan")}, {.writer = ByPass{pass}}, {}, true};

  gate.open();
  removing.finish();
  copying.finish();

  EXPECT_EQ(rows(), "");
}

TEST_F(CopyTest, MeetsAPutThatIsInFlight) {
  const std::int32_t pass = start_pass();
  CommitGate gate{*this};
  Applying putting{*this, {put("k1", 2, "stream")}, {}, CommitGate::checkpoint()};
  putting.wait_until_blocked();
  Applying copying{*this, {scanned("k1", "scan")}, {.writer = ByPass{pass}}, {}, true};
  copying.wait_until_blocked();

  gate.open();
  putting.finish();

  EXPECT_FALSE(copying.finish().copied);
  EXPECT_EQ(rows(), "k1|stream|2|1");
}

TEST_F(CopyTest, IsRefusedWhenThePassIsNotTheRunningOne) {
  const std::int32_t pass = start_pass();
  start_pass();

  EXPECT_EQ(error_of([&] { copy(pass, {scanned("k1", "scan")}); }).kind(), Error::Kind::fenced);
  EXPECT_EQ(rows(), "");
}

TEST_F(CopyTest, AnItemThatCannotBecomeARowIsADeadLetterAmongTheCopied) {
  const std::int32_t pass = start_pass();

  const ApplyOutcome outcome =
      copy(pass, {scanned("k1", "scan"), scanned_item(R"({"pk":{"S":"k2"},"v":{"N":"x"}})")});

  EXPECT_TRUE(outcome.copied);
  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(rows(), "k1|scan|0|1");
}

TEST_F(CopyTest, AnItemThatIsRefusedIsADeadLetterAmongThePut) {
  const std::int32_t pass = start_pass();
  connection->run("ALTER TABLE orders ADD CHECK (item->>'v' <> 'bad')");

  const ApplyOutcome outcome = copy(pass, {scanned("k1", "scan"), scanned("k2", "bad")});

  EXPECT_FALSE(outcome.copied);
  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(rows(), "k1|scan|0|1");
}

TEST_F(CopyTest, StopsAtPoisonWhereThatIsWanted) {
  const std::int32_t pass = start_pass();
  const std::vector<TestChange> items{scanned("k1", "scan"),
                                      scanned_item(R"({"pk":{"S":"k2"},"v":{"N":"x"}})")};

  EXPECT_EQ(error_of([&] { copy(orders, pass, items, {.on_poison = OnPoison::stop}); }).kind(),
            Error::Kind::poison);
  EXPECT_EQ(rows(), "");
}

// COPY is refused there, and an INSERT is not.
TEST_F(CopyTest, PutsIntoAViewInTheTablesPlace) {
  const std::int32_t pass = start_pass();
  connection->run("ALTER TABLE orders RENAME TO stored");
  connection->run("CREATE VIEW orders AS SELECT * FROM stored");

  const ApplyOutcome outcome = copy(pass, {scanned("k1", "scan")});

  EXPECT_FALSE(outcome.copied);
  EXPECT_EQ(rows(), "k1|scan|0|1");
}

}  // namespace
}  // namespace dynamite::test
