#include <gtest/gtest.h>

#include "mapping/names.hpp"
#include "replica/apply/target_history_fixture.hpp"
#include "replica/state/newest_versions.hpp"

namespace dynamite::test {
namespace {

class HistoryOfPassesTest : public TargetHistoryTest {
 protected:
  /// An item that a pass has read, at a time of its own.
  TestChange found(const std::string& key, const std::string& kind) {
    return scanned_item(item_of_kind(key, kind)).at(kReadAt + ++read_);
  }
  void copy(std::int32_t epoch, const std::vector<TestChange>& items) {
    const Batch batch = batch_of(noted(), items);
    const PreparedBatch prepared = prepare_copy(batch.changes, noted(), epoch);
    Applier{*connection, {}}.apply({.table = noted(),
                                    .batch = batch,
                                    .prepared = &prepared,
                                    .fence = {.writer = ByPass{epoch}}});
  }
  std::string key_of(const std::string& key) {
    return std::string{batch_of(noted(), {found(key, "x")}).changes.front().key};
  }
  TestChange put_kind(const std::string& key, const std::string& kind, std::uint64_t number) {
    return put_item(item_of_kind(key, kind), number);
  }

 private:
  static constexpr std::int64_t kReadAt = 1'900'000'000;
  std::int64_t read_ = 0;
};

TEST_P(HistoryOfPassesTest, APassAddsWhatIsNewAndAnotherOneNothing) {
  apply_all({put_kind("a", "x", 1), put_kind("b", "x", 2)});

  run_pass({found("a", "x"), found("b", "y"), found("c", "z")});

  const std::string after = "a|put|x|1\nb|put|x|2\nb|scanned|y|2\nc|scanned|z|0";
  EXPECT_EQ(lines(), after);
  run_pass({found("a", "x"), found("b", "y"), found("c", "z")});
  EXPECT_EQ(lines(), after);
  EXPECT_EQ(now(), "a|x\nb|y\nc|z");
  apply_all({put_kind("b", "y", 3)});
  EXPECT_EQ(lines(), "a|put|x|1\nb|put|x|2\nb|scanned|y|2\nb|put|y|3\nc|scanned|z|0");
}

TEST_P(HistoryOfPassesTest, ACopiedPageAddsItsItemsOnce) {
  const std::int32_t epoch = begin_pass();
  const std::vector<TestChange> page{found("a", "x"), found("b", "y")};

  copy(epoch, page);
  copy(epoch, page);
  scan(epoch, page);

  EXPECT_EQ(lines(), "a|scanned|x|0\nb|scanned|y|0");
}

TEST_P(HistoryOfPassesTest, ARecordThatCameBeforeThePageStaysTheNewest) {
  apply_all({put_kind("a", "x", 1)});
  const std::int32_t epoch = begin_pass();
  const std::vector<TestChange> page{found("a", "x"), found("b", "x")};
  apply_all({put_kind("a", "y", 2), put_kind("b", "x", 3), remove_item(item_of_kind("b", ""), 4)});

  scan(epoch, page);

  EXPECT_EQ(lines(), "a|put|x|1\na|put|y|2\nb|put|x|3\nb|removed|NULL|4");
  EXPECT_EQ(now(), "a|y");
}

TEST_P(HistoryOfPassesTest, ARowWhoseItemIsGoneIsSwept) {
  apply_all({put_kind("a", "x", 1), put_kind("b", "x", 2)});

  run_pass({found("b", "x")});

  EXPECT_EQ(lines(), "a|put|x|1\na|swept|NULL|1\nb|put|x|2");
  run_pass({found("b", "x")});
  EXPECT_EQ(lines(), "a|put|x|1\na|swept|NULL|1\nb|put|x|2");
  EXPECT_EQ(now(), "b|x");
}

TEST_P(HistoryOfPassesTest, WhatWentUnnoticedIsSweptToo) {
  apply_all({put_kind("a", "x", 1), put_kind("b", "x", 2), put_kind("c", "x", 3)});
  apply_all({remove_item(item_of_kind("a", "x"), 4)});
  query(fmt::format("DELETE FROM {}_history WHERE change = 'removed'", table()));
  EXPECT_EQ(now(), "a|x\nb|x\nc|x") << "as if it had been off meanwhile";

  run_pass({found("b", "x"), found("c", "x")});

  EXPECT_EQ(now(), "b|x\nc|x");
  EXPECT_EQ(lines(), "a|put|x|1\na|swept|NULL|1\nb|put|x|2\nc|put|x|3");
  run_pass({found("b", "x"), found("c", "x")});
  EXPECT_EQ(lines(), "a|put|x|1\na|swept|NULL|1\nb|put|x|2\nc|put|x|3");
}

// The row of an item that a pass found behind a remove has version 0, which is below the remove's.
TEST_P(HistoryOfPassesTest, WhatPassesFindBehindARemoveIsNewer) {
  apply_all({put_kind("a", "x", 1), remove_item(item_of_kind("a", "x"), 2)});

  run_pass({found("a", "y")});
  EXPECT_EQ(now(), "a|y");
  run_pass({found("a", "z")});
  EXPECT_EQ(now(), "a|z");
  run_pass({});
  EXPECT_EQ(now(), "");

  EXPECT_EQ(lines(), "a|put|x|1\na|removed|NULL|2\na|scanned|y|2\na|scanned|z|2\na|swept|NULL|2");
  apply_all({put_kind("a", "x", 3)});
  EXPECT_EQ(now(), "a|x");
}

// What is read back then must be newer than the remove, or the history would end with another item.
TEST_P(HistoryOfPassesTest, IsKnownToARepairWhenTombstonesAreForgotten) {
  apply_all({put_kind("a", "x", 1), remove_item(item_of_kind("a", "x"), 2)});
  query("DELETE FROM " + noted().targets.front().tombstones);
  run_pass({found("a", "y")});
  const std::vector<std::string> doubtful{key_of("a"), key_of("b")};

  const NewestVersions newest = newest_versions(*connection, noted(), doubtful);

  EXPECT_EQ(newest.versions, (std::vector<Version>{{}, {}}));
  EXPECT_EQ(newest.noted, (std::vector<Version>{Version::parse("2.000000001"), {}}));
}

TEST_P(HistoryOfPassesTest, ARowThatIsKeptByASweepIsSweptOnce) {
  make({.keep_removed = true});
  apply_all({put_kind("a", "x", 1)});

  run_pass({});
  run_pass({});

  EXPECT_EQ(lines(), "a|put|x|1\na|swept|NULL|1");
  run_pass({found("a", "x")});
  EXPECT_EQ(lines(), "a|put|x|1\na|swept|NULL|1\na|scanned|x|1");
}

// The lane may repeat a page whose commit it did not see.
TEST_P(HistoryOfPassesTest, ARepeatedPageDoesNotNoteAnItemWhoseRowWasKeptSince) {
  make({.keep_removed = true});
  const std::int32_t epoch = begin_pass();
  const std::vector<TestChange> page{found("a", "x")};
  scan(epoch, page);
  apply_all({remove_item(item_of_kind("a", "x"), 2)});

  scan(epoch, page);

  EXPECT_EQ(lines(), "a|scanned|x|0\na|removed|NULL|2");
}

// The page of the pass leaves the row alone then, and adds nothing.
TEST_P(HistoryOfPassesTest, WhatIsReadBackInAPassBehindAForgottenRemoveIsTheNewest) {
  apply_all({remove_item(item_of_kind("a", "x"), 2)});
  query("DELETE FROM " + noted().targets.front().tombstones);
  const std::int32_t epoch = begin_pass();
  const Batch records = batch_of(noted(), {put_kind("a", "x", 1)});
  Batch now_there = batch_of(noted(), {put_kind("a", "y", 1)});
  now_there.recorded = records.changes;

  Applier{*connection, {}}.apply(
      {.table = noted(), .batch = now_there, .fence = {.writer = ByReadBack{epoch}}});
  scan(epoch, {found("a", "y")});
  sweep(epoch);

  EXPECT_EQ(lines(), "a|put|x|1\na|removed|NULL|2\na|scanned|y|2");
  EXPECT_EQ(now(), "a|y");
}

// Its tombstone keeps the put of what was read out, and the history began behind it.
TEST_P(HistoryOfPassesTest, ARepeatedRemoveThatTheHistoryDoesNotKnowIsNotItsEnd) {
  apply_all({remove_item(item_of_kind("a", "x"), 2)});
  query(fmt::format("DELETE FROM {}_history", table()));
  run_pass({found("a", "y")});
  const Batch records = batch_of(noted(), {remove_item(item_of_kind("a", "x"), 2)});
  Batch now_there = batch_of(noted(), {put_kind("a", "y", 2)});
  now_there.recorded = records.changes;

  Applier{*connection, {}}.apply(
      {.table = noted(), .batch = now_there, .fence = {.writer = ByReadBack{1}}});

  EXPECT_EQ(lines(), "a|scanned|y|0\na|removed|NULL|2\na|scanned|y|2");
  EXPECT_EQ(now(), "a|y");
}

// The item was read back before it became y, and is applied behind the page.
TEST_P(HistoryOfPassesTest, WhatIsReadBackIsNotNotedBehindAPageThatFoundMore) {
  apply_all({put_kind("a", "x", 1)});
  const std::int32_t epoch = begin_pass();
  const Batch records = batch_of(noted(), {put_kind("a", "x", 1)});
  Batch before = batch_of(noted(), {put_kind("a", "x", 1)});
  before.recorded = records.changes;
  scan(epoch, {found("a", "y")});

  Applier{*connection, {}}.apply(
      {.table = noted(), .batch = before, .fence = {.writer = ByReadBack{epoch}}});

  EXPECT_EQ(lines(), "a|put|x|1\na|scanned|y|1");
}

TEST_P(HistoryOfPassesTest, ARowThatIsDeletedAtOnceHasLeft) {
  make({.where = "kind = 'x'", .keep_removed = true});
  apply_all({put_kind("a", "x", 1)});
  const std::int32_t epoch = begin_pass();

  scan(epoch, {found("a", "y")});

  EXPECT_EQ(lines(), "a|put|x|1\na|left|NULL|1");
  EXPECT_EQ(query("SELECT count(*) FROM " + table()), "0");
}

TEST_P(HistoryOfPassesTest, ARowThatPostgreSqlKeepsIsNotSwept) {
  apply_all({put_kind("a", "x", 1), put_kind("b", "x", 2)});
  query(
      "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF OLD.pk = 'a' THEN RETURN NULL; END IF; RETURN OLD; END $$");
  query(fmt::format("CREATE TRIGGER keep BEFORE DELETE ON {} FOR EACH ROW EXECUTE FUNCTION keep()",
                    table()));

  run_pass({});

  EXPECT_EQ(lines(), "a|put|x|1\nb|put|x|2\nb|swept|NULL|2");
}

INSTANTIATE_TEST_SUITE_P(Layouts, HistoryOfPassesTest,
                         ::testing::Values(LayoutKind::document, LayoutKind::columns),
                         [](const auto& info) { return std::string{name_of(info.param)}; });

}  // namespace
}  // namespace dynamite::test
