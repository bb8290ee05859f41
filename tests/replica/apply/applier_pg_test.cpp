#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

#include "core/key.hpp"
#include "replica/state/checkpoints.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

class ApplierTest : public ReplicaTest {};

TEST_F(ApplierTest, PutMakesARow) {
  apply({put("k1", 1)});

  EXPECT_EQ(rows(), "k1|1|1|0");
}

TEST_F(ApplierTest, PutWritesItemTimesAndTypes) {
  apply({put_item(R"({"pk":{"S":"k1"},"n":{"N":"1.50"},"tags":{"SS":["b","a"]}})", 1)});

  EXPECT_EQ(
      query("SELECT item, _types, extract(epoch FROM mod_time)::bigint, create_time = mod_time "
            "FROM orders"),
      R"({"n": 1.50, "pk": "k1", "tags": ["a", "b"]}|{"/tags": "SS"}|1768478400|t)");
}

TEST_F(ApplierTest, NewerPutReplacesTheWholeItem) {
  apply({put_item(R"({"pk":{"S":"k1"},"a":{"N":"1"}})", 1)});

  apply({put_item(R"({"pk":{"S":"k1"},"b":{"N":"2"}})", 2)});

  EXPECT_EQ(query("SELECT item FROM orders"), R"({"b": 2, "pk": "k1"})");
}

TEST_F(ApplierTest, NewerPutKeepsTheCreateTime) {
  apply({put("k1", 1)});
  query("UPDATE orders SET create_time = '2001-01-01', mod_time = '2001-01-01'");

  apply({put("k1", 2)});

  EXPECT_EQ(query("SELECT create_time = '2001-01-01', mod_time = '2001-01-01' FROM orders"), "t|f");
}

TEST_F(ApplierTest, OlderPutIsIgnored) {
  apply({put("k1", 2)});

  const ApplyOutcome outcome = apply({put("k1", 1)});

  EXPECT_EQ(rows(), "k1|2|2|0");
  EXPECT_EQ(outcome.applied, 0U);
}

TEST_F(ApplierTest, VersionsCompareAsNumbersNotAsText) {
  apply({put_item(item("k1", "22 digits"), 0)});
  TestChange shorter = put("k1", 0, "21 digits");
  shorter.sequence_number = "999999999999999999999";
  TestChange longer = put("k1", 0, "22 digits");
  longer.sequence_number = "1000000000000000000000";

  apply({longer});
  apply({shorter});

  EXPECT_EQ(query("SELECT item->>'v' FROM orders"), "22 digits");
}

TEST_F(ApplierTest, VersionsAreThoseThatPostgresqlReadsFromTheirDigits) {
  std::mt19937_64 random{1};
  std::vector<TestChange> changes{put("0", 0)};
  for (std::size_t i = 1; i < 400; ++i) {
    TestChange change = put(std::to_string(i), 0);
    change.sequence_number.clear();
    for (std::size_t digits = 1 + random() % 40; digits > 0; --digits)
      change.sequence_number += static_cast<char>('0' + (random() % 2 == 0 ? random() % 10 : 0));
    changes.push_back(random() % 4 == 0 ? change : change.of_generation(random() >> random() % 60));
  }
  Batch batch = batch_of(orders, changes);
  for (std::size_t i = 0; i < batch.changes.size(); i += 3) {
    Version& version = batch.changes[i].version;
    for (std::size_t n = random() % 20; n > 0; --n) version = version.after();
  }
  std::string expected;
  for (const Change& change : batch.changes)
    expected += fmt::format("{}('{}', '{}'::numeric)", expected.empty() ? "" : ", ",
                            split_key(change.key).parts[0], change.version.digits());

  Applier{*connection, {}}.apply({.table = orders, .batch = batch});

  EXPECT_EQ(query("SELECT count(*) FROM orders"), "400");
  EXPECT_EQ(
      query(fmt::format("SELECT e.* FROM (VALUES {}) AS e (pk, version) LEFT JOIN orders o "
                        "ON o.pk = e.pk WHERE o._version::text IS DISTINCT FROM e.version::text",
                        expected)),
      "");
}

TEST_F(ApplierTest, TimesKeepTheirMicroseconds) {
  Batch batch = batch_of(orders, {put("k1", 1), put("k2", 2), put("k3", 3)});
  const auto set = [&](std::size_t at, std::int64_t micros) {
    batch.changes[at].time = Micros{std::chrono::microseconds{micros}};
  };
  set(0, 0);
  set(1, 1'768'478'400'123'456);
  set(2, INT64_MAX);

  Applier{*connection, {}}.apply({.table = orders, .batch = batch});

  EXPECT_EQ(query("SELECT mod_time AT TIME ZONE 'UTC', create_time = mod_time FROM orders "
                  "ORDER BY pk LIMIT 2"),
            "1970-01-01 00:00:00|t\n2026-01-15 12:00:00.123456|t");
  EXPECT_EQ(query("SELECT extract(year FROM mod_time AT TIME ZONE 'UTC') FROM orders "
                  "WHERE pk = 'k3' AND isfinite(mod_time)"),
            "294247");
}

TEST_F(ApplierTest, TheLastTimeThereIsGoesIntoTheCheckpointToo) {
  Batch batch = batch_of(orders, {put("k1", 1)});
  batch.changes.front().time = Micros{std::chrono::microseconds{INT64_MAX}};

  Applier{*connection, {}}.apply({.table = orders,
                                  .batch = batch,
                                  .checkpoint = Checkpoint{.lane = "shard/1", .position = "1"}});

  EXPECT_EQ(rows(), "k1|1|1|0");
  EXPECT_EQ(
      query(fmt::format("SELECT record_time = (SELECT mod_time FROM orders) FROM {}.checkpoint",
                        state_schema())),
      "t");
}

TEST_F(ApplierTest, ANewerGenerationWinsOverAnyLargerSequenceNumber) {
  apply({put("k1", 900, "old stream").of_generation(1)});

  apply({put("k1", 3, "new stream").of_generation(2)});

  EXPECT_EQ(query("SELECT item->>'v' FROM orders"), "new stream");
}

TEST_F(ApplierTest, AnOlderGenerationIsIgnored) {
  apply({put("k1", 3, "new stream").of_generation(2)});

  apply({put("k1", 900, "old stream").of_generation(1)});

  EXPECT_EQ(query("SELECT item->>'v' FROM orders"), "new stream");
}

TEST_F(ApplierTest, RemoveDeletesTheRowAndLeavesATombstone) {
  apply({put("k1", 1)});

  apply({removal("k1", 2)});

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|2|0");
}

TEST_F(ApplierTest, RemoveOfAnUnknownKeyLeavesATombstone) {
  const ApplyOutcome outcome = apply({removal("k1", 2)});

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|2|0");
  EXPECT_EQ(outcome.applied, 1U);
}

TEST_F(ApplierTest, OneBatchRemovesKeysWithARowAndWithoutAndLate) {
  apply({put("k1", 1), put("k3", 9)});

  const ApplyOutcome outcome = apply({removal("k1", 5), removal("k2", 6), removal("k3", 7)});

  EXPECT_EQ(rows(), "k3|9|9|0");
  EXPECT_EQ(tombstones(), "k1|5|0\nk2|6|0");
  EXPECT_EQ(outcome.applied, 2U);
}

// In statements of 250 keys.
TEST_F(ApplierTest, ALargeBatchRemovesKeysOfWhichOneHasNoRow) {
  std::vector<TestChange> puts;
  std::vector<TestChange> removes{removal("a key without a row", 1)};
  for (std::uint64_t i = 0; i < 600; ++i) {
    puts.push_back(put(fmt::format("k{:03}", i), 1));
    removes.push_back(removal(fmt::format("k{:03}", i), 2));
  }
  apply(puts);

  const ApplyOutcome outcome = apply(removes);

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().tombstones), "601");
  EXPECT_EQ(outcome.applied, 601U);
}

TEST_F(ApplierTest, OlderRemoveLeavesTheRowAndNoTombstone) {
  apply({put("k1", 3)});

  const ApplyOutcome outcome = apply({removal("k1", 2)});

  EXPECT_EQ(rows(), "k1|3|3|0");
  EXPECT_EQ(tombstones(), "");
  EXPECT_EQ(outcome.applied, 0U);
}

TEST_F(ApplierTest, PutOlderThanTheTombstoneIsIgnored) {
  apply({put("k1", 1), put("k2", 2)});
  apply({removal("k1", 3)});

  apply({put("k1", 1)});

  EXPECT_EQ(rows(), "k2|2|2|0");
}

TEST_F(ApplierTest, PutNewerThanTheTombstoneMakesTheRowAgain) {
  apply({removal("k1", 3)});

  apply({put("k1", 4)});

  EXPECT_EQ(rows(), "k1|4|4|0");
}

TEST_F(ApplierTest, OlderRemoveLeavesTheNewerTombstone) {
  apply({removal("k1", 3)});

  apply({removal("k1", 2)});

  EXPECT_EQ(tombstones(), "k1|3|0");
}

TEST_F(ApplierTest, RepeatedRemoveSparesARowThatAPassBroughtBack) {
  apply({put("k1", 1), removal("k1", 2)});
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k1", "put 3, not yet delivered")});

  apply({removal("k1", 2)});

  EXPECT_EQ(rows(), "k1|put 3, not yet delivered|0|1");
}

TEST_F(ApplierTest, ApplyingABatchTwiceLeavesTheSameRows) {
  const std::vector<TestChange> changes{put("k1", 1), put("k2", 2), removal("k3", 3),
                                        removal("k1", 4), put("k4", 5)};
  apply(changes);
  const std::string once = rows() + "\n" + tombstones();

  const ApplyOutcome outcome = apply(changes);

  EXPECT_EQ(rows() + "\n" + tombstones(), once);
  EXPECT_EQ(outcome.applied, 0U);
}

TEST_F(ApplierTest, OneKeyManyTimesInABatchEndsAtTheNewest) {
  std::vector<TestChange> changes;
  for (std::uint64_t i = 1; i <= 10; ++i) changes.push_back(put("k1", i));

  const ApplyOutcome outcome = apply(changes);

  EXPECT_EQ(rows(), "k1|10|10|0");
  EXPECT_EQ(outcome.records, 10U);
  EXPECT_EQ(outcome.changes, 1U);
}

TEST_F(ApplierTest, PutAndRemoveInOneBatchLeaveATombstone) {
  apply({put("k1", 1), removal("k1", 2)});

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|2|0");
}

TEST_F(ApplierTest, AnItemThatIsOnlyItsKeyIsARow) {
  apply({put_item(R"({"pk":{"S":"k1"}})", 1)});

  EXPECT_EQ(query("SELECT item FROM orders"), R"({"pk": "k1"})");
}

TEST_F(ApplierTest, KeysDifferByCaseSpaceAndComposition) {
  apply({put("a", 1), put("A", 2), put("a ", 3), put("\u00e9", 4), put("e\u0301", 5)});

  EXPECT_EQ(query("SELECT count(*) FROM orders"), "5");
}

TEST_F(ApplierTest, ManyRowsAreSeveralStatementsAndTransactions) {
  std::vector<TestChange> changes;
  for (std::uint64_t i = 0; i < 5'000; ++i) changes.push_back(put(fmt::format("k{:05}", i), i + 1));

  const ApplyOutcome outcome = apply(changes);

  EXPECT_EQ(outcome.applied, 5'000U);
  EXPECT_EQ(
      query("SELECT count(*), count(DISTINCT xmin::text), sum((item->>'v')::int) FROM orders"),
      "5000|3|12502500");
}

TEST_F(ApplierTest, LargeItemsPass) {
  const std::string large(400'000, 'x');
  std::vector<TestChange> changes;
  for (std::uint64_t i = 0; i < 40; ++i)
    changes.push_back(put(fmt::format("k{}", i), i + 1, large));

  apply(changes);

  EXPECT_EQ(query("SELECT count(*), sum(length(item->>'v')) FROM orders"), "40|16000000");
}

TEST_F(ApplierTest, AnEmptyBatchWritesItsCheckpoint) {
  apply({}, {}, {.lane = "shard/1/a", .position = "77"});

  EXPECT_EQ(query("SELECT lane, position, finished, records, record_time FROM " + state_schema() +
                  ".checkpoint"),
            "shard/1/a|77|f|0|NULL");
}

TEST_F(ApplierTest, CheckpointMovesAndCountsRecords) {
  apply({put("k1", 1), put("k2", 2)}, {}, {.lane = "shard/1/a", .position = "2"});

  apply({put("k1", 3)}, {}, {.lane = "shard/1/a", .position = "3", .finished = true});

  EXPECT_EQ(
      query("SELECT position, finished, records, extract(epoch FROM record_time)::bigint FROM " +
            state_schema() + ".checkpoint"),
      "3|t|3|1768478400");
}

TEST_F(ApplierTest, CheckpointIsInTheTransactionOfTheRows) {
  apply({put("k1", 1)}, {}, {.lane = "shard/1/a", .position = "1"});

  EXPECT_EQ(
      query(fmt::format("SELECT c.xmin = o.xmin FROM {}.checkpoint c, orders o", state_schema())),
      "t");
}

TEST_F(ApplierTest, AFailureLeavesNeitherRowsNorCheckpoint) {
  query(
      fmt::format("ALTER TABLE {}.checkpoint ADD COLUMN refused integer NOT NULL", state_schema()));

  EXPECT_THROW(apply({put("k1", 1)}, {}, {.lane = "shard/1/a", .position = "1"}), Error);

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(query(fmt::format("SELECT count(*) FROM {}.checkpoint", state_schema())), "0");
}

TEST_F(ApplierTest, CheckpointsAreFoundByTheirPrefix) {
  apply({}, {}, {.lane = "shard/1/a", .position = "7", .finished = true});
  apply({}, {}, {.lane = "shard/10/b", .position = "8"});

  const auto found = load_checkpoints(*connection, orders, "shard/1/");

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.at("shard/1/a").position, "7");
  EXPECT_TRUE(found.at("shard/1/a").finished);
}

TEST_F(ApplierTest, ASupersededImageThatIsNoJsonIsADeadLetter) {
  Batch batch = batch_of(orders, {put("k1", 1), put("k1", 2, "new"), put("k2", 3)});
  const std::string broken = R"({"pk":{"S" "k1"}})";
  batch.changes[0].image = broken;
  batch.changes[0].record = broken;

  const ApplyOutcome outcome = Applier{*connection, {}}.apply({.table = orders, .batch = batch});

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(rows(), "k1|new|2|0\nk2|3|3|0");
  EXPECT_EQ(
      query(fmt::format("SELECT convert_from(record, 'UTF8') FROM {}.dead_letter", state_schema())),
      broken);
}

}  // namespace
}  // namespace dynamite::test
