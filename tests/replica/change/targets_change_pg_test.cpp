#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "replica/change/promotion_fixture.hpp"
#include "replica/change/targets_change.hpp"
#include "replica/state/pass.hpp"

namespace dynamite::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A test with "orders" in layout `columns`, which gets and loses targets.
class TargetsChangeTest : public PromotionTest {
 protected:
  void SetUp() override {
    PromotionTest::SetUp();
    if (HasFatalFailure()) return;
    put_items(items);
    run_pass();
  }

  Target target(const std::string& table, Mapping mapping = {}) {
    return new_target(state_schema(), schema(), table, keys(KeyType::S), std::move(mapping));
  }

  std::vector<std::string> add(const Target& target) {
    return change(plan_added_targets(*connection, orders, std::vector{target}, {}));
  }
  std::vector<std::string> release(const Target& target) {
    return change(plan_released_targets(*connection, orders, std::vector{target}));
  }
  /// Returns its words.
  std::vector<std::string> change(const std::vector<TargetChange>& changes) {
    EXPECT_TRUE(try_change(*connection, orders, changes));
    load();
    std::vector<std::string> words;
    for (const TargetChange& change : changes)
      words.insert(words.end(), change.words.begin(), change.words.end());
    return words;
  }

  void run_pass() {
    const std::int32_t epoch = start_pass();
    std::vector<TestChange> changes;
    for (const std::string& item : items) changes.push_back(scanned_item(item));
    apply_scanned(epoch, changes);
    end_pass(epoch);
  }

  std::string keys_in(const std::string& table) {
    return query(fmt::format("SELECT string_agg(pk, ' ' ORDER BY pk) FROM {}", table));
  }
  std::string needs_pass() {
    return query(
        fmt::format("SELECT string_agg(format('%s %s', target_id, needs_pass), ', ' "
                    "ORDER BY target_id) FROM {}.status",
                    state_schema()));
  }
  /// Names of the tables of tombstones.
  std::string tombstone_tables() {
    return query(
        fmt::format("SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class WHERE relkind "
                    "= 'r' AND relname LIKE 'tombstone%' AND relnamespace = '{}'::regnamespace",
                    state_schema()));
  }
  std::string comment_on(const std::string& table) {
    return query(
        fmt::format("SELECT coalesce(obj_description('{}'::regclass, 'pg_class'), '')", table));
  }

  std::vector<std::string> items{R"({"pk":{"S":"a"},"total":{"N":"12"}})",
                                 R"({"pk":{"S":"b"},"tags":{"SS":["q","p"]}})"};
};

TEST_F(TargetsChangeTest, AnAddedTargetIsFilledByThePassThatItNeeds) {
  const std::int64_t mapping = orders.mapping;

  EXPECT_THAT(add(target("documents")),
              ElementsAre(HasSubstr("\"documents\" is added, its table is made: a pass fills it"),
                          HasSubstr("are read again from DynamoDB")));

  ASSERT_EQ(orders.targets.size(), 2U);
  EXPECT_EQ(orders.mapping, mapping + 1);
  EXPECT_EQ(needs_pass(), fmt::format("{} f, {} t", orders.targets[0].id, orders.targets[1].id));
  EXPECT_EQ(keys_in("documents"), "NULL");
  EXPECT_EQ(comment_on("documents"), comment_on("orders"));
  run_pass();
  EXPECT_EQ(needs_pass(), fmt::format("{} f, {} f", orders.targets[0].id, orders.targets[1].id));
  EXPECT_EQ(keys_in("documents"), "a b");
}

TEST_F(TargetsChangeTest, AnAddedTargetFollowsWithTheOthers) {
  add(target("documents"));
  run_pass();

  const Fence read_back{.writer = ByReadBack{Passes{*connection, orders}.epoch()}};
  apply({put_item(R"({"pk":{"S":"c"},"total":{"N":"1"}})", 100), removal("a", 101)}, read_back);

  EXPECT_EQ(keys_in("documents"), "b c");
  EXPECT_EQ(keys_in("orders"), "b c");
}

TEST_F(TargetsChangeTest, AReleasedTargetLeavesItsTableAndNothingElse) {
  add(target("documents"));
  run_pass();
  const std::string both = tombstone_tables();

  EXPECT_THAT(release(orders.targets.at(1)),
              ElementsAre(HasSubstr("\"documents\" is let go: its table stays with its rows")));

  ASSERT_EQ(orders.targets.size(), 1U);
  EXPECT_EQ(orders.targets[0].table, "orders");
  EXPECT_EQ(keys_in("documents"), "a b");
  EXPECT_EQ(comment_on("documents"), "");
  EXPECT_NE(comment_on("orders"), "");
  EXPECT_EQ(tombstone_tables() + ", " + both, "tombstone_" + schema() + ".orders, " + both);
  apply({removal("a", 100)});
  EXPECT_EQ(keys_in("documents"), "a b");
  EXPECT_EQ(keys_in("orders"), "b");
}

TEST_F(TargetsChangeTest, AReleasedTargetIsTakenOverAgain) {
  add(target("documents"));
  run_pass();
  release(orders.targets.at(1));
  apply({removal("a", 100)});
  items.erase(items.begin());

  EXPECT_THAT(add(target("documents")), Contains(HasSubstr("its table is taken over")));

  EXPECT_EQ(keys_in("documents"), "a b");
  EXPECT_EQ(comment_on("documents"), comment_on("orders"));
  run_pass();
  EXPECT_EQ(keys_in("documents"), "b");
  EXPECT_EQ(keys_in("orders"), "b");
}

TEST_F(TargetsChangeTest, ACommentOfTheDbaStays) {
  query("COMMENT ON TABLE orders IS 'mine'");
  add(target("documents"));

  release(orders.targets.at(0));

  EXPECT_EQ(comment_on("orders"), "mine");
  add(target("orders", {.rules = {.layout = LayoutKind::columns}}));
  EXPECT_EQ(comment_on("orders"), "mine");
}

TEST_F(TargetsChangeTest, AWriterOfTheOldTargetsIsRefused) {
  const Replica before = orders;

  add(target("documents"));

  const Error error = error_of([&] {
    Applier{*connection, {}}.apply(
        {.table = before, .batch = batch_of(before, {removal("a", 100)})});
  });
  EXPECT_THAT(error.what(), HasSubstr("was followed by mapping"));
  EXPECT_EQ(keys_in("orders"), "a b");
}

TEST_F(TargetsChangeTest, APassThatBeganBeforeTheTargetIsOvertaken) {
  start_pass();

  add(target("documents"));

  EXPECT_TRUE((Passes{*connection, orders}.state().is_overtaken()));
}

TEST_F(TargetsChangeTest, TargetsInANewSchemaAreReadableAtOnce) {
  const std::string other = schema() + "_other";
  const auto in_other = [&](const std::string& table) {
    return new_target(state_schema(), other, table, keys(KeyType::S));
  };
  query(fmt::format("CREATE ROLE \"{}\"", other));

  change(plan_added_targets(*connection, orders, std::vector{in_other("one"), in_other("two")},
                            {other}));

  EXPECT_EQ(query(fmt::format("SELECT has_table_privilege('{0}', '\"{0}\".two', 'SELECT')", other)),
            "t");
  query(fmt::format("DROP SCHEMA \"{}\" CASCADE", other));
  query(fmt::format("DROP OWNED BY \"{}\"", other));
  query(fmt::format("DROP ROLE \"{}\"", other));
}

TEST_F(TargetsChangeTest, ATableWithRowsOfLaterPassesIsRefused) {
  query("CREATE TABLE documents (LIKE orders INCLUDING ALL)");
  query("INSERT INTO documents SELECT * FROM orders");
  query("UPDATE documents SET _epoch = 7");

  const Error error = error_of([&] { add(target("documents", orders.targets.front().mapping)); });

  EXPECT_THAT(error.what(), HasSubstr("has rows of pass 7, but"));
  EXPECT_THAT(error.what(), HasSubstr("is at pass 1"));
}

TEST_F(TargetsChangeTest, TheTableOfAnotherSourceIsRefused) {
  make_replica(wanted_replica(keys(KeyType::S), "others"));

  EXPECT_THAT(error_of([&] { add(target("others")); }).what(),
              HasSubstr("would share the replica"));
}

TEST_F(TargetsChangeTest, TargetsAreMatchedByTheirTables) {
  Replica wanted = orders;
  wanted.targets = {target("documents"), target("orders")};

  EXPECT_THAT(unnamed_targets(orders, wanted), IsEmpty());
  ASSERT_EQ(added_targets(orders, wanted).size(), 1U);
  EXPECT_EQ(added_targets(orders, wanted)[0].table, "documents");
  wanted.targets = {target("documents")};
  ASSERT_EQ(unnamed_targets(orders, wanted).size(), 1U);
  EXPECT_EQ(unnamed_targets(orders, wanted)[0].id, orders.targets[0].id);
}

}  // namespace
}  // namespace dynamite::test
