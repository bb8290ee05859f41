#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "mapping/names.hpp"
#include "mapping/new_columns.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/history.hpp"
#include "replica/history/history_table.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/existing_table.hpp"
#include "support/errors.hpp"
#include "support/rebuilt_item.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;

const std::string kX = R"({"pk":{"S":"a"},"kind":{"S":"x"}})";
const std::string kY = R"({"pk":{"S":"a"},"kind":{"S":"y"}})";
constexpr std::int64_t kNoon = 1'700'000'000;

/// A replica whose only target keeps rows. The parameter is its layout.
class KeptRowsTest : public ReplicaTest, public ::testing::WithParamInterface<LayoutKind> {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (!HasFatalFailure()) make({.keep_removed = true, .keep_expired = true});
  }

  /// `beside`: a name for another target, of all items; empty: there is none.
  void make(MappingRules rules, const std::string& beside = "") {
    rules.layout = GetParam();
    Mapping mapping{.rules = rules};
    mapping.columns =
        new_columns(mapping, keys(KeyType::S), std::vector<AttributeNote>{{"kind", "S"}}, {});
    const std::string name = fmt::format("kept_{}", ++made_);
    Replica wanted = wanted_replica(keys(KeyType::S), name);
    wanted.targets = {new_target(state_schema(), schema(), name, keys(KeyType::S), mapping)};
    if (!beside.empty())
      wanted.targets.push_back(new_target(state_schema(), schema(), beside, keys(KeyType::S)));
    kept_ = make_replica(wanted);
  }

  ApplyOutcome apply_all(const std::vector<TestChange>& changes, const Fence& fence = {}) {
    const Batch batch = batch_of(kept_, changes);
    return Applier{*connection, {}}.apply({.table = kept_, .batch = batch, .fence = fence});
  }
  std::int32_t begin_pass() { return Passes{*connection, kept_}.start({.segments = 1}, {}); }
  void sweep(std::int32_t epoch) {
    Passes passes{*connection, kept_};
    passes.begin_sweep(epoch, {});
    passes.sweep(epoch, {}, {});
  }

  /// A line a row: key, version, epoch, seconds of removed_at or `-`, kind.
  std::string lines() {
    const Target& target = kept_.targets.front();
    return query(
        fmt::format("SELECT pk, _version, _epoch, coalesce(extract(epoch FROM "
                    "removed_at)::bigint::text, '-'), {}->>'kind' FROM {} t ORDER BY pk",
                    item_sql(target), target.qualified_name()));
  }
  std::string tombstones_of_kept() {
    return query(fmt::format("SELECT k1, version, epoch FROM {} ORDER BY 1",
                             kept_.targets.front().tombstones));
  }

  Replica kept_;

 private:
  int made_ = 0;
};

TEST_P(KeptRowsTest, TheRowOfARemovedItemStaysWithTheTimeOfTheRemove) {
  apply_all({put_item(kX, 1)});
  EXPECT_EQ(lines(), "a|1|0|-|x");
  EXPECT_EQ(apply_all({remove_item(kX, 2).at(kNoon)}).applied, 1U);
  EXPECT_EQ(lines(), fmt::format("a|2|0|{}|x", kNoon));
  EXPECT_EQ(tombstones_of_kept(), "") << "the row is its own guard";
}

TEST_P(KeptRowsTest, ARepeatedRemoveChangesNothingAndALaterOneIsTheRemove) {
  apply_all({put_item(kX, 1)});
  apply_all({remove_item(kX, 3).at(kNoon)});
  EXPECT_EQ(apply_all({remove_item(kX, 3).at(kNoon + 9)}).applied, 0U);
  EXPECT_EQ(lines(), fmt::format("a|3|0|{}|x", kNoon));
  apply_all({remove_item(kX, 5).at(kNoon + 60)});
  EXPECT_EQ(lines(), fmt::format("a|5|0|{}|x", kNoon + 60));
}

TEST_P(KeptRowsTest, WhatIsOlderThanTheRemoveStaysOut) {
  apply_all({put_item(kX, 1)});
  const std::int32_t epoch = begin_pass();
  apply_all({remove_item(kX, 3).at(kNoon)});
  apply_all({put_item(kY, 2)});
  apply_all({scanned_item(kY)}, {.writer = ByPass{epoch}});
  EXPECT_EQ(lines(), fmt::format("a|3|1|{}|x", kNoon));
}

TEST_P(KeptRowsTest, ALaterPutRevivesTheRow) {
  apply_all({put_item(kX, 1)});
  apply_all({remove_item(kX, 2)});
  apply_all({put_item(kY, 3)});
  EXPECT_EQ(lines(), "a|3|0|-|y");
}

TEST_P(KeptRowsTest, AnItemThatALaterPassFindsRevivesTheRow) {
  apply_all({put_item(kX, 1)});
  apply_all({remove_item(kX, 2)});
  const std::int32_t epoch = begin_pass();
  apply_all({scanned_item(kY)}, {.writer = ByPass{epoch}});
  EXPECT_EQ(lines(), "a|2|1|-|y");
}

TEST_P(KeptRowsTest, ARemoveThatMeetsNoRowLeavesATombstone) {
  apply_all({remove_item(kX, 2)});
  EXPECT_EQ(lines(), "");
  EXPECT_EQ(tombstones_of_kept(), "a|2|0");
  apply_all({put_item(kX, 1)});
  EXPECT_EQ(lines(), "");
}

TEST_P(KeptRowsTest, OnlyExpiredItemsAreKeptIfOnlyTheyAre) {
  make({.keep_expired = true});
  apply_all({put_item(kX, 1)});
  apply_all({remove_item(kX, 2).at(kNoon).expired()});
  EXPECT_EQ(lines(), fmt::format("a|2|0|{}|x", kNoon));
  apply_all({put_item(kX, 3)});
  apply_all({remove_item(kX, 4)});
  EXPECT_EQ(lines(), "");
  EXPECT_EQ(tombstones_of_kept(), "a|4|0");
}

TEST_P(KeptRowsTest, OnlyDeletedItemsAreKeptIfOnlyTheyAre) {
  make({.keep_removed = true});
  apply_all({put_item(kX, 1)});
  apply_all({remove_item(kX, 2).expired()});
  EXPECT_EQ(lines(), "");
}

TEST_P(KeptRowsTest, ARemoveThatKeepsNothingLeavesAKeptRowAlone) {
  make({.keep_expired = true});
  apply_all({put_item(kX, 1)});
  apply_all({remove_item(kX, 2).at(kNoon).expired()});
  apply_all({remove_item(kX, 4)});  // of an item that was put again and whose put is late
  EXPECT_EQ(lines(), fmt::format("a|4|0|{}|x", kNoon));
  apply_all({put_item(kY, 3)});
  EXPECT_EQ(lines(), fmt::format("a|4|0|{}|x", kNoon));
}

TEST_P(KeptRowsTest, AnItemThatLeavesTheTargetIsDeleted) {
  make({.where = "kind = 'x'", .keep_removed = true, .keep_expired = true});
  apply_all({put_item(kX, 1)});
  apply_all({put_item(kY, 2)});
  EXPECT_EQ(lines(), "");
  EXPECT_EQ(tombstones_of_kept(), "a|2|0");
}

TEST_P(KeptRowsTest, AnItemThatIsNotTakenLeavesAKeptRowOfItsKeyAlone) {
  make({.where = "kind = 'x'", .keep_removed = true, .keep_expired = true});
  apply_all({put_item(kX, 1)});
  apply_all({remove_item(kX, 2).at(kNoon)});
  apply_all({put_item(kY, 4)});
  EXPECT_EQ(lines(), fmt::format("a|4|0|{}|x", kNoon));
  apply_all({put_item(kX, 3)});
  EXPECT_EQ(lines(), fmt::format("a|4|0|{}|x", kNoon)) << "3 is older than what came after it";
}

TEST_P(KeptRowsTest, ASweepLeavesKeptRowsAloneAndKeepsWhatItWouldDelete) {
  apply_all({put("a", 1), put("b", 2)});
  apply_all({removal("a", 3).at(kNoon)});
  const std::int32_t epoch = begin_pass();
  sweep(epoch);
  EXPECT_THAT(lines(), HasSubstr(fmt::format("a|3|0|{}|", kNoon)));
  EXPECT_THAT(lines(), HasSubstr("b|2|1|"));
  EXPECT_EQ(query(fmt::format("SELECT count(*) FROM {} WHERE removed_at > now() - interval '1 min'",
                              kept_.targets.front().qualified_name())),
            "1");
  apply_all({put("b", 2)});  // delivered again
  EXPECT_EQ(query(fmt::format("SELECT count(removed_at) FROM {}",
                              kept_.targets.front().qualified_name())),
            "2");
}

TEST_P(KeptRowsTest, ASweepDeletesWhereOnlyExpiredItemsAreKept) {
  make({.keep_expired = true});
  apply_all({put("a", 1), put("b", 2)});
  apply_all({removal("a", 3).at(kNoon).expired()});
  sweep(begin_pass());
  EXPECT_THAT(lines(), HasSubstr(fmt::format("a|3|0|{}|", kNoon)));
  EXPECT_EQ(tombstones_of_kept(), "b|2|1");
}

TEST_P(KeptRowsTest, AScannedItemThatIsNotTakenHasItsRowDeletedAndNotKept) {
  make({.where = "kind = 'x'", .keep_removed = true});
  apply_all({put_item(kX, 1), put_item(R"({"pk":{"S":"b"},"kind":{"S":"x"}})", 2)});
  apply_all({remove_item(R"({"pk":{"S":"b"}})", 3).at(kNoon)});
  const std::int32_t epoch = begin_pass();
  const std::string other = R"({"pk":{"S":"b"},"kind":{"S":"y"}})";
  EXPECT_EQ(apply_all({scanned_item(kY), scanned_item(other)}, {.writer = ByPass{epoch}}).applied,
            1U);
  EXPECT_EQ(tombstones_of_kept(), "a|1|1");
  sweep(epoch);
  EXPECT_EQ(lines(), fmt::format("b|3|0|{}|x", kNoon)) << "b was removed before";
}

TEST_P(KeptRowsTest, AScannedItemThatAnotherTargetRefusesHasItsRowDeletedAllTheSame) {
  make({.where = "kind = 'x'", .keep_removed = true, .history = true}, "all_items");
  query("ALTER TABLE all_items ADD CONSTRAINT no_y CHECK (item->>'kind' <> 'y')");
  apply_all({put_item(kX, 1)});
  const std::int32_t epoch = begin_pass();
  EXPECT_EQ(apply_all({scanned_item(kY)}, {.writer = ByPass{epoch}}).dead_letters, 1U);
  sweep(epoch);
  EXPECT_EQ(lines(), "") << "the item is there, and was never removed";
  EXPECT_EQ(query("SELECT pk, _epoch, item->>'kind' FROM all_items"), "a|1|x");
  EXPECT_EQ(query(fmt::format("SELECT change FROM {} ORDER BY _version",
                              history_of(kept_.targets.front()).qualified_name())),
            "put\nleft");
}

TEST_P(KeptRowsTest, AScannedItemWhoseStampIsRefusedHasItsRowDeletedAndNotKept) {
  make({.keep_removed = true}, "all_items");
  apply_all({put_item(kX, 1)});
  query("ALTER TABLE all_items ADD CONSTRAINT no_x CHECK (item->>'kind' <> 'x') NOT VALID");
  const std::int32_t epoch = begin_pass();
  EXPECT_EQ(apply_all({scanned_item(kX)}, {.writer = ByPass{epoch}}).dead_letters, 1U);
  sweep(epoch);
  EXPECT_EQ(lines(), "") << "the item is there, and was never removed";
  EXPECT_EQ(tombstones_of_kept(), "a|1|1");
  EXPECT_EQ(query("SELECT count(*) FROM all_items"), "0");
}

TEST_P(KeptRowsTest, ACopiedPageDeletesTheRowsOfItemsThatAreNotTakenToo) {
  make({.where = "kind = 'x'", .keep_removed = true});
  apply_all({put_item(kX, 1)});
  const std::int32_t epoch = begin_pass();
  const Batch page =
      batch_of(kept_, {scanned_item(kY), scanned_item(R"({"pk":{"S":"b"},"kind":{"S":"x"}})")});
  const PreparedBatch prepared = prepare_copy(page.changes, kept_, epoch);
  const ApplyOutcome outcome = Applier{*connection, {}}.apply(
      {.table = kept_, .batch = page, .prepared = &prepared, .fence = {.writer = ByPass{epoch}}});
  EXPECT_TRUE(outcome.copied);
  EXPECT_EQ(lines(), "b|0|1|-|x");
}

TEST_P(KeptRowsTest, ARemoveKeepsARowThatAnotherApplierHadNotCommittedYet) {
  pg::Connection other = connect();
  pg::Transaction putting{other};
  putting.run(
      fmt::format("INSERT INTO {} (pk, {} mod_time, create_time, _version, _epoch) VALUES "
                  "('a', {} now(), now(), 1, 0)",
                  kept_.targets.front().qualified_name(),
                  GetParam() == LayoutKind::document ? "item," : "kind,",
                  GetParam() == LayoutKind::document ? "'{\"kind\":\"x\"}'," : "'x',"));
  std::jthread removing{[&] { apply_all({remove_item(kX, 2).at(kNoon)}); }};
  std::this_thread::sleep_for(std::chrono::milliseconds{300});  // it waits for the row by now
  putting.commit();
  removing.join();
  EXPECT_EQ(lines(), fmt::format("a|2|0|{}|x", kNoon));
}

TEST_P(KeptRowsTest, KeepingIsSwitchedOnAndOff) {
  make({});
  apply_all({put("a", 1), put("b", 2)});
  const auto change_to = [&](MappingRules rules, RetiredColumns retired) {
    rules.layout = GetParam();
    const Target& target = kept_.targets.front();
    const auto change =
        plan_rules(target, keys(KeyType::S), rules, find_columns(*connection, target), retired);
    ASSERT_TRUE(change);
    EXPECT_FALSE(change->needs_pass);
    ASSERT_TRUE(try_change(*connection, kept_, {*change}, 4));
    kept_ = Catalogue{*connection, state_schema()}.find(kept_.source->arn).value();
  };
  change_to({.keep_removed = true}, RetiredColumns::keep);
  apply_all({removal("a", 3).at(kNoon)});
  EXPECT_THAT(lines(), HasSubstr(fmt::format("a|3|0|{}|", kNoon)));
  const Error refused = error_of([&] { change_to({}, RetiredColumns::keep); });
  EXPECT_EQ(refused.kind(), Error::Kind::usage);
  EXPECT_THAT(refused.hint(), HasSubstr("--drop-columns"));
  change_to({}, RetiredColumns::drop);
  EXPECT_EQ(query(fmt::format("SELECT string_agg(pk, ',') FROM {}",
                              kept_.targets.front().qualified_name())),
            "b");
  EXPECT_EQ(tombstones_of_kept(), "a|3|0");
  apply_all({put("a", 2)});
  EXPECT_EQ(tombstones_of_kept(), "a|3|0");
}

TEST_P(KeptRowsTest, AForeignColumnOfThatNameIsNotTakenOver) {
  make({});
  query(fmt::format("ALTER TABLE {} ADD COLUMN removed_at date",
                    kept_.targets.front().qualified_name()));
  const Target& target = kept_.targets.front();
  const Error refused = error_of([&] {
    plan_rules(target, keys(KeyType::S), {.layout = GetParam(), .keep_removed = true},
               find_columns(*connection, target), RetiredColumns::keep);
  });
  EXPECT_EQ(refused.kind(), Error::Kind::usage);
  EXPECT_THAT(refused.what(), HasSubstr("removed_at"));
}

INSTANTIATE_TEST_SUITE_P(Layouts, KeptRowsTest,
                         ::testing::Values(LayoutKind::document, LayoutKind::columns),
                         [](const auto& info) { return std::string{name_of(info.param)}; });

class KeptHistoryTest : public ReplicaTest, public ::testing::WithParamInterface<bool> {};

// Repeat a failure with DYNAMITE_TEST_SEED=… DYNAMITE_TEST_SEEDS=1.
TEST_P(KeptHistoryTest, TheRowsThatAreNotKeptEndEqualToTheItems) {
  const std::vector<MappingRules> rules{
      {.keep_removed = true, .keep_expired = true},
      {.where = "kind = 'x'", .keep_removed = true},
      {.layout = LayoutKind::columns, .where = "kind <> 'x'", .keep_expired = true},
      {.layout = LayoutKind::columns, .where = "contains(pk, '1')", .keep_removed = true}};
  Replica wanted = wanted_replica(keys(KeyType::S), "kept");
  wanted.targets.clear();
  for (const MappingRules& each : rules)
    wanted.targets.push_back(new_target(state_schema(), schema(),
                                        fmt::format("kept_{}", wanted.targets.size()),
                                        keys(KeyType::S), {.rules = each}));
  const Replica replica = make_replica(wanted);
  std::deque<pg::Connection> connections;
  for (std::size_t i = 0; i < kAppliers; ++i) connections.push_back(connect());
  const std::uint64_t first = from_environment("DYNAMITE_TEST_SEED", 0);
  const std::uint64_t count = from_environment("DYNAMITE_TEST_SEEDS", 300);
  std::int64_t kept = 0;
  const auto expect_equal = [&](const History& history) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      std::optional<Clause> where;
      if (!rules[i].where.empty()) where = Clause::parse(rules[i].where);
      ASSERT_EQ(items_of(connections.front(), replica.targets[i]), history.source().items(where))
          << rules[i].where;
      kept += connections.front()
                  .run(fmt::format("SELECT count(removed_at) FROM {}",
                                   replica.targets[i].qualified_name()))
                  .number(0, 0);
    }
  };
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    History history{
        seed, replica, connections, {.old_images = GetParam(), .kinds = true, .expiries = true}};
    ASSERT_NO_THROW(history.run());
    ASSERT_NO_FATAL_FAILURE(expect_equal(history));
    history.repeat_everything();
    ASSERT_NO_FATAL_FAILURE(expect_equal(history));
    for (const Target& target : replica.targets)
      for (const std::string& table : {target.qualified_name(), target.tombstones})
        connections.front().run("DELETE FROM " + table);
    connections.front().run(fmt::format("UPDATE {}.replica SET pass = 'none'", state_schema()));
  }
  if (count > 50) {
    EXPECT_GT(kept, 0) << "nothing was kept in any history";
  }
}

INSTANTIATE_TEST_SUITE_P(OldImages, KeptHistoryTest, ::testing::Bool());

}  // namespace
}  // namespace dynamite::test
