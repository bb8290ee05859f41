#include <gmock/gmock.h>

#include "replica/change/promotion_fixture.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/state/pass.hpp"

namespace dynamite::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

AttributeColumn column(const std::string& name, ColumnType type) {
  return {.name = name, .type = type, .from = AttributePath::of(name)};
}

MappingRules columns_layout(std::vector<AttributeColumn> declared = {}) {
  return {.layout = LayoutKind::columns, .declared = std::move(declared)};
}

/// A test with "orders", whose items a pass has read once, and a configuration that changes.
class RulesChangeTest : public PromotionTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (!HasFatalFailure()) connection.emplace(connect());
  }

  void make(const MappingRules& rules) {
    make_orders(rules);
    run_pass();
  }

  std::optional<TargetChange> plan(const MappingRules& rules,
                                   RetiredColumns retired = RetiredColumns::keep) {
    const Target& target = orders.targets.front();
    return plan_rules(target, orders.source->key_schema, rules, find_columns(*connection, target),
                      retired);
  }

  /// Returns its words.
  std::vector<std::string> change(const MappingRules& rules,
                                  RetiredColumns retired = RetiredColumns::keep) {
    const TargetChange change = plan(rules, retired).value();
    EXPECT_TRUE(try_change(*connection, orders, {change}));
    load();
    return change.words;
  }

  bool needs_pass() { return Passes{*connection, orders}.state().needs_pass(); }

  void run_pass() {
    const std::int32_t epoch = start_pass();
    std::vector<TestChange> changes;
    for (const std::string& item : items) changes.push_back(scanned_item(item));
    apply_scanned(epoch, changes);
    end_pass(epoch);
  }

  /// What the change must end with: a replica that has been in this mapping since its beginning.
  std::string fresh_contents(const std::string& but) {
    Replica wanted = wanted_replica(keys(KeyType::S), "fresh");
    wanted.targets = {new_target(state_schema(), schema(), "fresh", keys(KeyType::S),
                                 orders.targets.front().mapping)};
    const Replica fresh = make_replica(wanted);
    std::vector<TestChange> changes;
    for (const std::string& item : items) changes.push_back(put_item(item, 1));
    Applier{*connection, {}}.apply({.table = fresh, .batch = batch_of(fresh, changes)});
    return query(fmt::format("SELECT to_jsonb(t) - '{}'::text[] FROM fresh t ORDER BY pk", but));
  }

  std::vector<std::string> items{
      R"({"pk":{"S":"a"},"total":{"N":"12"},"at":{"S":"2024-01-02T03:04:05Z"},"secret":{"S":"x"}})",
      R"({"pk":{"S":"b"},"total":{"S":"none"},"tags":{"SS":["q","p"]},"raw":{"B":"AAEC"}})"};
  static constexpr const char* kBookkeeping = "{_version, _epoch, mod_time, create_time}";
};

TEST_F(RulesChangeTest, TheSameRulesChangeNothing) {
  make(columns_layout({column("total", ColumnType::numeric)}));

  EXPECT_EQ(plan(orders.targets.front().mapping.rules), std::nullopt);
  EXPECT_FALSE(needs_pass());
}

TEST_F(RulesChangeTest, ADeclaredColumnOfAWholeAttributeIsFilledInPlace) {
  make(columns_layout());

  EXPECT_THAT(change(columns_layout({column("total", ColumnType::numeric)})),
              ElementsAre(HasSubstr("the column \"total\" is added; the values that are there")));

  EXPECT_FALSE(needs_pass());
  promote();
  EXPECT_EQ(query("SELECT pk, total, _rest ->> 'total' FROM orders ORDER BY pk"),
            "a|12|NULL\nb|NULL|none");
  EXPECT_EQ(contents(kBookkeeping), fresh_contents(kBookkeeping));
}

TEST_F(RulesChangeTest, AColumnThatConvertsIsFilledByAPass) {
  make(columns_layout());

  EXPECT_THAT(change(columns_layout({column("at", ColumnType::timestamptz)})),
              ElementsAre("the column \"at\" is added: a pass fills it"));

  EXPECT_TRUE(needs_pass());
  EXPECT_EQ(query("SELECT count(at) FROM orders"), "0");
  run_pass();
  EXPECT_FALSE(needs_pass());
  EXPECT_EQ(query("SELECT at = '2024-01-02T03:04:05Z' FROM orders WHERE pk = 'a'"), "t");
  EXPECT_EQ(contents(kBookkeeping), fresh_contents(kBookkeeping));
}

TEST_F(RulesChangeTest, AColumnThatIsNotDeclaredAnyMoreIsEmptiedAndDroppedWhenAsked) {
  const MappingRules none{.layout = LayoutKind::columns, .new_columns = false};
  make(columns_layout({column("at", ColumnType::timestamptz)}));

  EXPECT_THAT(change(none), ElementsAre(HasSubstr("\"at\" is not filled any more")));

  EXPECT_TRUE(needs_pass());
  run_pass();
  EXPECT_EQ(query("SELECT count(at), count(_rest -> 'at') FROM orders"), "0|1");
  EXPECT_EQ(plan(none), std::nullopt);
  EXPECT_THAT(change(none, RetiredColumns::drop), ElementsAre("the column \"at\" is dropped"));
  EXPECT_EQ(query("SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass "
                  "AND attname = 'at'"),
            "0");
  EXPECT_FALSE(needs_pass());
}

TEST_F(RulesChangeTest, AWholeAttributeKeepsItsColumnWithoutADeclaration) {
  make(columns_layout({column("total", ColumnType::numeric)}));

  change(columns_layout());

  EXPECT_FALSE(needs_pass());
  EXPECT_EQ(attribute_columns(), "total numeric");
}

TEST_F(RulesChangeTest, AnotherTypeNeedsTheOldColumnToBeDropped) {
  make(columns_layout({column("total", ColumnType::numeric)}));
  const MappingRules text = columns_layout({column("total", ColumnType::text)});

  const Error error = error_of([&] { plan(text); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("is numeric, but the configuration says text"));
  EXPECT_THAT(error.hint(), HasSubstr("--drop-columns"));
  change(text, RetiredColumns::drop);
  EXPECT_TRUE(needs_pass());
  run_pass();
  EXPECT_EQ(query("SELECT pk, total FROM orders ORDER BY pk"), "a|NULL\nb|none");
  EXPECT_EQ(contents(kBookkeeping), fresh_contents(kBookkeeping));
}

TEST_F(RulesChangeTest, AnotherSourceOfAColumnNeedsAPass) {
  make(columns_layout({column("total", ColumnType::text)}));
  AttributeColumn other = column("total", ColumnType::text);
  other.from = AttributePath::of("secret");

  EXPECT_THAT(change(columns_layout({other})),
              ElementsAre("the column \"total\" shows secret now: a pass fills it"));

  run_pass();
  EXPECT_EQ(contents(kBookkeeping), fresh_contents(kBookkeeping));
}

TEST_F(RulesChangeTest, WhatOmitHidesIsGoneWhenThePassIsComplete) {
  make(columns_layout());
  promote();
  MappingRules omits = columns_layout();
  omits.omit = {"secret"};

  EXPECT_THAT(change(omits), Contains(HasSubstr("what `only` and `omit` say has changed")));

  EXPECT_TRUE(needs_pass());
  EXPECT_NE(query("SELECT count(secret) FROM orders"), "0");
  run_pass();
  EXPECT_EQ(query("SELECT count(secret), count(_rest -> 'secret') FROM orders"), "0|0");
  EXPECT_FALSE(needs_pass());
}

TEST_F(RulesChangeTest, DocumentBecomesColumnsAndDocumentAgain) {
  make({});
  const std::string before = contents(kBookkeeping);

  EXPECT_THAT(
      change(columns_layout({column("total", ColumnType::numeric)})),
      Contains(HasSubstr("the layout changes: a pass fills \"_rest\" and empties \"item\"")));

  EXPECT_TRUE(needs_pass());
  EXPECT_EQ(contents("{_version, _epoch, mod_time, create_time, _rest, total}"), before);
  run_pass();
  EXPECT_EQ(query("SELECT count(item), count(total), count(_rest) FROM orders"), "0|1|2");

  change({});
  EXPECT_TRUE(needs_pass());
  run_pass();
  EXPECT_EQ(query("SELECT count(item), count(total), count(_rest) FROM orders"), "2|0|0");
  change({}, RetiredColumns::drop);
  EXPECT_EQ(contents(kBookkeeping), before);
  change(columns_layout(), RetiredColumns::drop);
  run_pass();
  promote();
  EXPECT_EQ(contents(kBookkeeping), fresh_contents(kBookkeeping));
}

TEST_F(RulesChangeTest, AColumnOfAnAttributeCalledItemMakesRoomForTheLayouts) {
  items = {R"({"pk":{"S":"a"},"item":{"B":"AAEC"}})"};
  make(columns_layout({column("item", ColumnType::bytea)}));

  EXPECT_THAT(change({}), Contains(HasSubstr("\"item\" is called \"item_\" from now on")));
  run_pass();
  EXPECT_EQ(query("SELECT item, item_ FROM orders"), R"({"pk": "a", "item": "AAEC"}|NULL)");

  change(columns_layout());
  run_pass();
  EXPECT_EQ(query("SELECT item, item_ FROM orders"), R"(NULL|\x000102)");
}

TEST_F(RulesChangeTest, ATableWhoseDbaTookTheNameOfALayoutsColumnIsRefused) {
  make(columns_layout());
  query("ALTER TABLE orders ADD COLUMN item integer");

  const Error error = error_of([&] { plan({}); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("has a column \"item\" already"));
}

TEST_F(RulesChangeTest, ColumnsThatAreThereServeAgainWhenTheLayoutComesBack) {
  make(columns_layout());
  promote();
  const std::string columns = attribute_columns();
  change({});
  run_pass();

  change(columns_layout());
  run_pass();

  EXPECT_EQ(attribute_columns(), columns + ", item jsonb");
  EXPECT_EQ(query("SELECT count(item), count(tags) FROM orders"), "0|1");
}

TEST_F(RulesChangeTest, OnlyHowManyColumnsThereMayBeNeedsNothing) {
  make(columns_layout());
  MappingRules fewer = columns_layout();
  fewer.columns_max = 3;

  EXPECT_THAT(change(fewer), ElementsAre("nothing becomes of the rows that are there"));

  EXPECT_FALSE(needs_pass());
  EXPECT_EQ(orders.targets.front().mapping.rules.columns_max, 3);
}

TEST_F(RulesChangeTest, AColumnOfTheDbaIsNotTaken) {
  make(columns_layout());
  query("ALTER TABLE orders ADD COLUMN total numeric");

  const Error error =
      error_of([&] { plan(columns_layout({column("total", ColumnType::numeric)})); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(),
              HasSubstr("has a column \"total\" already, which stands for something else"));
}

TEST_F(RulesChangeTest, APassThatRunsMeanwhileIsFollowedByAnother) {
  make(columns_layout());
  start_pass();

  change(columns_layout({column("at", ColumnType::timestamptz)}));

  const PassState state = Passes{*connection, orders}.state();
  EXPECT_TRUE(state.is_overtaken());
  end_pass(state.epoch);
  EXPECT_TRUE(needs_pass());
  run_pass();
  EXPECT_FALSE(needs_pass());
}

TEST_F(RulesChangeTest, AHistoryIsMadeWithTheChangeAndStaysWhenItIsSwitchedOff) {
  make({});

  EXPECT_THAT(change({.history = true}),
              ElementsAre(HasSubstr("\"orders_history\" notes each change from now on"),
                          HasSubstr("made before")));
  EXPECT_FALSE(needs_pass());
  EXPECT_EQ(query("SELECT count(*) FROM orders_ranges"), "0");
  EXPECT_THAT(change({.history = true, .history_keep = std::chrono::hours{48}}),
              ElementsAre(HasSubstr("keeps 2 days from now on")));
  query("INSERT INTO orders_history VALUES ('a', NULL, NULL, 'removed', now(), 1)");
  EXPECT_THAT(change({}), ElementsAre(HasSubstr("\"orders_history\" stays with what it says")));
  EXPECT_THAT(change({.history = true}),
              ElementsAre(HasSubstr("notes each change"), HasSubstr("made before")));
  EXPECT_EQ(query("SELECT pk, change FROM orders_ranges"), "a|removed");
}

TEST_F(RulesChangeTest, AForeignTableIsTakenForNoHistory) {
  make({});
  query("CREATE TABLE orders_history (pk text COLLATE \"C\" PRIMARY KEY)");

  const Error refused =
      error_of([&] { require_history_or_nothing(*connection, orders.targets.front()); });

  EXPECT_EQ(refused.kind(), Error::Kind::usage);
  EXPECT_THAT(refused.what(), HasSubstr("exists, but not as the history of"));
  EXPECT_THAT(refused.what(), HasSubstr("it has no column \"_types\" (jsonb)"));
  query("DROP TABLE orders_history");
  require_history_or_nothing(*connection, orders.targets.front());
  change({.history = true});
  require_history_or_nothing(*connection, orders.targets.front());
}

}  // namespace
}  // namespace dynamite::test
