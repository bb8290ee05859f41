#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "mapping/names.hpp"
#include "replica/apply/target_history_fixture.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;

const std::string kX = item_of_kind("a", "x");
const std::string kY = item_of_kind("a", "y");

TEST_P(TargetHistoryTest, EachRecordHasARowAlsoOneThatALaterOneSupersedes) {
  const std::vector<TestChange> records{put_item(kX, 1), put_item(kY, 2), remove_item(kX, 3),
                                        remove_item(kX, 4).expired(), put_item(kX, 5)};

  apply_all(records);

  EXPECT_EQ(lines(), "a|put|x|1\na|put|y|2\na|removed|NULL|3\na|expired|NULL|4\na|put|x|5");
  EXPECT_EQ(now(), "a|x");
}

TEST_P(TargetHistoryTest, ARecordIsThereOnceHoweverOftenAndLateItComes) {
  apply_prepared({put_item(kY, 2), put_item(kX, 3)});
  apply_all({put_item(kX, 3), put_item(kX, 1), put_item(kY, 2), put_item(kY, 2)});
  apply_prepared({put_item(kX, 1), put_item(kX, 3)});

  EXPECT_EQ(lines(), "a|put|x|1\na|put|y|2\na|put|x|3");
}

TEST_P(TargetHistoryTest, ARecordHasTheTimeOfItsChange) {
  apply_all({put_item(kX, 1).at(1'700'000'000), remove_item(kX, 2).at(1'700'000'060)});

  EXPECT_EQ(query(fmt::format("SELECT change, extract(epoch FROM valid_from)::bigint, "
                              "extract(epoch FROM valid_to)::bigint FROM {}_ranges ORDER BY "
                              "_version",
                              table())),
            "put|1700000000|1700000060\nremoved|1700000060|NULL");
}

TEST_P(TargetHistoryTest, AnItemThatATargetDoesNotTakeAnyMoreHasLeft) {
  make({.where = "kind = 'x'"});

  apply_all({put_item(kY, 1).before(""), put_item(kX, 2).before(kY), put_item(kY, 3).before(kX),
             put_item(kY, 4).before(kY), put_item(kX, 5).before(kY)});

  EXPECT_EQ(lines(), "a|put|x|2\na|left|NULL|3\na|put|x|5") << "1 and 4 are nothing to the target";
}

TEST_P(TargetHistoryTest, ShowsWhatTheMappingShows) {
  make({.omit = {"secret*"}});

  apply_all({put_item(R"({"pk":{"S":"a"},"secrets":{"S":"s"},"tags":{"SS":["q"]}})", 1)});

  EXPECT_EQ(query(fmt::format("SELECT item, _types FROM {}_history", table())),
            R"({"pk": "a", "tags": ["q"]}|{"/tags": "SS"})");
}

TEST_P(TargetHistoryTest, WhatIsHashedIsHashedThereToo) {
  const auto key = std::make_shared<const HashKey>("a secret of enough bytes");
  Replica wanted = wanted_replica(keys(KeyType::S), "hidden");
  wanted.targets = {new_target(state_schema(), schema(), "hidden", keys(KeyType::S),
                               {.rules = {.layout = GetParam(),
                                          .hash = {"pk", "kind"},
                                          .hash_fingerprint = key->fingerprint(),
                                          .history = true},
                                .hash_key = key})};
  const Replica hidden = make_replica(wanted);
  const Batch batch = batch_of(hidden, {put_item(kX, 1)});

  Applier{*connection, {}}.apply({.table = hidden, .batch = batch});

  EXPECT_EQ(query("SELECT h.item ->> 'pk' = t.pk, t.pk <> 'a', h.item ->> 'kind' <> 'x' "
                  "FROM hidden_history h JOIN hidden t USING (pk)"),
            "t|t|t");
  Passes passes{*connection, hidden};
  const std::int32_t epoch = passes.start({.segments = 1}, {});
  passes.begin_sweep(epoch, {});
  passes.sweep(epoch, {}, {});
  EXPECT_EQ(query("SELECT string_agg(change, ' ' ORDER BY _version), count(DISTINCT pk) FROM "
                  "hidden_history"),
            "put swept|1");
}

TEST_P(TargetHistoryTest, WhatARowIsRefusedForIsNotInTheHistory) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (_version <> 3)", table()));

  const ApplyOutcome outcome =
      apply_all({put_item(kX, 2), put_item(kY, 3), put_item(item_of_kind("b", "x"), 4)});

  EXPECT_EQ(outcome.dead_letters, 2U) << "both records of the key";
  EXPECT_EQ(lines(), "b|put|x|4");
  EXPECT_THAT(dead_letters(), HasSubstr("23514"));
}

TEST_P(TargetHistoryTest, WhatTheHistoryIsRefusedForIsNotInTheRows) {
  query(fmt::format("ALTER TABLE {}_history ADD CHECK (item ->> 'kind' <> 'y')", table()));

  const ApplyOutcome outcome =
      apply_all({put_item(kX, 2), put_item(kY, 3), put_item(item_of_kind("b", "x"), 4),
                 remove_item(item_of_kind("c", "x"), 5)});

  EXPECT_EQ(outcome.dead_letters, 2U);
  EXPECT_EQ(lines(), "b|put|x|4\nc|removed|NULL|5");
  EXPECT_EQ(query(fmt::format("SELECT pk FROM {}", table())), "b");
}

TEST_P(TargetHistoryTest, ARefusedPlaceholderKeepsTheRemoveOutOfNeither) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (_version >= 0)", table()));

  const ApplyOutcome outcome = apply_all({remove_item(kX, 2)});

  EXPECT_EQ(outcome.dead_letters, 0U);
  EXPECT_EQ(lines(), "a|removed|NULL|2");
}

TEST_P(TargetHistoryTest, ASupersededRecordThatCannotBeARowIsADeadLetter) {
  TestChange broken = put_item(kX, 1);
  broken.image = R"({"pk":{"S":"a"},"kind":{"Q":"x"}})";

  const ApplyOutcome outcome = apply_all({broken, put_item(kY, 2)});

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(lines(), "a|put|y|2");
  EXPECT_EQ(query(fmt::format("SELECT _version FROM {}", table())), "2");
}

TEST_P(TargetHistoryTest, ManyRecordsOfOneKeyAreInOneTransaction) {
  std::vector<TestChange> records;
  for (std::uint64_t number = 1; number <= 2'100; ++number)
    records.push_back(put_item(item_of_kind(fmt::format("k{}", number), "x"), number));
  for (std::uint64_t number = 3'001; number <= 3'400; ++number)
    records.push_back(put_item(kX, number));
  const Batch batch = batch_of(noted(), records);

  const PreparedBatch prepared = prepare(batch.changes, noted());

  ASSERT_EQ(prepared.transactions.size(), 2U);
  EXPECT_EQ(prepared.transactions[0].history[0].size(), 400U + 1'050U - 1U);
  apply_all(records);
  EXPECT_EQ(query(fmt::format("SELECT count(*), count(DISTINCT pk) FROM {}_history", table())),
            "2500|2101");
}

// The records behind 1 and 2 may be lost, and a pass may have made up for them before.
TEST_P(TargetHistoryTest, WhatIsReadBackStandsBehindItsRecord) {
  const Batch records = batch_of(noted(), {put_item(kX, 1), put_item(item_of_kind("b", "x"), 2),
                                           put_item(item_of_kind("c", "x"), 3)});
  Batch now = batch_of(noted(), {put_item(kY, 1), remove_item(item_of_kind("b", ""), 2),
                                 put_item(item_of_kind("c", "x"), 3)});
  now.recorded = records.changes;
  const Fence fence{.writer = ByReadBack{Passes{*connection, noted()}.epoch()}};

  for (int i = 0; i < 2; ++i)
    Applier{*connection, {}}.apply({.table = noted(), .batch = now, .fence = fence});

  EXPECT_EQ(lines(), "a|put|x|1\na|scanned|y|1\nb|put|x|2\nb|swept|NULL|2\nc|put|x|3");
  EXPECT_EQ(query(fmt::format("SELECT pk, to_jsonb(t)::text LIKE '%\"y\"%' FROM {} t ORDER BY pk",
                              table())),
            "a|t\nc|f");
}

TEST_P(TargetHistoryTest, WhatIsReadBackForARecordIsNothingWhereALaterOneIsNoted) {
  apply_all({put_item(item_of_kind("a", "z"), 5)});
  const Batch records = batch_of(noted(), {put_item(kX, 1)});
  Batch now = batch_of(noted(), {put_item(kY, 1)});
  now.recorded = records.changes;

  Applier{*connection, {}}.apply(
      {.table = noted(), .batch = now, .fence = {.writer = ByReadBack{0}}});

  EXPECT_EQ(lines(), "a|put|x|1\na|put|z|5");
}

TEST_P(TargetHistoryTest, ATargetBesideItWithoutAHistoryHasNone) {
  Replica wanted = wanted_replica(keys(KeyType::S), "two");
  wanted.targets = {
      new_target(state_schema(), schema(), "with", keys(KeyType::S),
                 {.rules = {.layout = GetParam(), .where = "kind = 'x'", .history = true}}),
      new_target(state_schema(), schema(), "without", keys(KeyType::S),
                 {.rules = {.layout = GetParam()}})};
  const Replica two = make_replica(wanted);
  const Batch batch = batch_of(two, {put_item(kX, 1), put_item(kY, 2)});

  Applier{*connection, {}}.apply({.table = two, .batch = batch});

  EXPECT_EQ(query("SELECT pk, change, _version FROM with_history ORDER BY _version"),
            "a|put|1\na|left|2");
  EXPECT_EQ(query("SELECT to_regclass('without_history')"), "NULL");
}

INSTANTIATE_TEST_SUITE_P(Layouts, TargetHistoryTest,
                         ::testing::Values(LayoutKind::document, LayoutKind::columns),
                         [](const auto& info) { return std::string{name_of(info.param)}; });

}  // namespace
}  // namespace dynamite::test
