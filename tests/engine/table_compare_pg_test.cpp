#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "core/arn.hpp"
#include "engine/table_compare.hpp"
#include "replica/change/promotion.hpp"
#include "replica/state/catalogue.hpp"
#include "support/errors.hpp"
#include "support/fake_transport.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The replica `orders` and a source that answers by a script.
class TableCompareTest : public ReplicaTest {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (HasFatalFailure()) return;
    description_.name = "orders";
    description_.arn = orders.source->arn;
    description_.key_schema = orders.source->key_schema;
  }

  /// One page of a scan. `next`: the last evaluated key; empty: it is the last page.
  void page(const std::vector<std::string>& items, const std::string& next = "",
            double read_units = 1) {
    aws_.transport.then(
        200, fmt::format(R"({{"Items":[{}],"ConsumedCapacity":{{"CapacityUnits":{}}}{}}})",
                         fmt::join(items, ","), read_units,
                         next.empty() ? "" : R"(,"LastEvaluatedKey":)" + next));
  }
  /// What BatchGetItem answers behind the scan, whatever the keys.
  void items_now(const std::vector<std::string>& items) {
    aws_.transport.forever(
        answer(200, fmt::format(R"({{"Responses":{{"{}":[{}]}},"UnprocessedKeys":{{}}}})",
                                description_.name, fmt::join(items, ","))));
  }
  Differences compare(TableCompareOptions options = {}, std::stop_token stop = {}) {
    options.replication.segments = 1;
    options.settle_time = 1ms;
    return TableCompare{*connection, dynamodb_, description_, orders, std::move(options)}.run(stop);
  }
  /// One row of each kind of error: k2 is missing, k3 differs, k4 has no item.
  void spoil() {
    apply({put("k1", 1, "a"), put("k3", 3, "old"), put("k4", 4, "d")});
    page({item("k1", "a"), item("k2", "b"), item("k3", "c")});
    items_now({item("k2", "b"), item("k3", "c")});
  }

  void use(const Replica& replica) {
    orders = replica;
    description_.name = table_name_of(orders.source->arn);
    description_.arn = orders.source->arn;
  }
  std::vector<std::string> keys_of_targets() {
    std::vector<std::string> keys;
    for (const Target& target : orders.targets)
      keys.push_back(query("SELECT string_agg(pk, ' ' ORDER BY pk) FROM " + target.table));
    return keys;
  }

  /// A replica in layout `columns`, whose columns a promotion makes.
  void use_layout_columns() {
    Replica wanted = wanted_replica(keys(KeyType::S), "typed");
    wanted.targets = {new_target(state_schema(), schema(), "typed", keys(KeyType::S),
                                 {.rules = {.layout = LayoutKind::columns}})};
    use(make_replica(wanted));
  }
  void add_columns() {
    EXPECT_TRUE(try_change(*connection, orders, plan_promotion(*connection, orders)));
  }
  void load() { orders = Catalogue{*connection, state_schema()}.find(orders.source->arn).value(); }

  TableDescription description_;
  FakeAws aws_;
  DynamoDb dynamodb_{aws_.client};
};

TEST_F(TableCompareTest, ItemsOfAllPagesThatEqualTheirRowsAreIdentical) {
  apply({put("k1", 1, "a"), put("k2", 2, "b")});
  page({item("k1", "a")}, R"({"pk":{"S":"k1"}})");
  page({item("k2", "b")});
  std::vector<std::uint64_t> progress;

  const Differences found =
      compare({.on_progress = [&](std::uint64_t items) { progress.push_back(items); }});

  EXPECT_EQ(found.items, 2U);
  EXPECT_EQ(found.total(), 0U);
  EXPECT_THAT(progress, ElementsAre(1U, 2U));
}

TEST_F(TableCompareTest, CountsWhatIsMissingDifferentAndAGhostAndNamesTheKeys) {
  spoil();

  const Differences found = compare();

  EXPECT_EQ(found.count(Difference::missing), 1U);
  EXPECT_EQ(found.count(Difference::different), 1U);
  EXPECT_EQ(found.count(Difference::ghost), 1U);
  EXPECT_THAT(found.keys,
              testing::UnorderedElementsAre(R"({"pk":{"S":"k2"}})", R"({"pk":{"S":"k3"}})",
                                            R"({"pk":{"S":"k4"}})"));
  EXPECT_EQ(found.repaired, 0U);
  EXPECT_EQ(rows(), "k1|a|1|0\nk3|old|3|0\nk4|d|4|0");
}

TEST_F(TableCompareTest, RepairsEachRowToItsItem) {
  spoil();

  const Differences found = compare({.repair = true});

  EXPECT_EQ(found.total(), 3U);
  EXPECT_EQ(found.repaired, 3U);
  EXPECT_EQ(
      query(fmt::format("SELECT pk, item->>'v' FROM {} ORDER BY pk", orders.qualified_names())),
      "k1|a\nk2|b\nk3|c");
}

// The first target takes keys, the second an attribute, the third all.
TEST_F(TableCompareTest, RepairsRowsThatATargetLacksAndRowsThatItMustNotHave) {
  use(make_routed({"pk < 'm'", "v = 'x'", ""}));
  apply({put("a", 1, "x"), put("b", 2, "y"), put("z", 3, "y")});
  query("DELETE FROM routed_1 WHERE pk = 'a'");
  query("INSERT INTO routed_1 SELECT * FROM routed_2 WHERE pk = 'b'");
  query("INSERT INTO routed_0 SELECT * FROM routed_2 WHERE pk = 'z'");
  page({item("a", "x"), item("b", "y"), item("z", "y")});
  items_now({item("a", "x"), item("b", "y"), item("z", "y")});

  const Differences found = compare({.repair = true});

  EXPECT_EQ(found.count(Difference::missing), 1U);
  EXPECT_EQ(found.count(Difference::ghost), 2U);
  EXPECT_EQ(found.repaired, 3U);
  EXPECT_THAT(keys_of_targets(), ElementsAre("a b", "a", "a b z"));
  page({item("a", "x"), item("b", "y"), item("z", "y")});
  EXPECT_EQ(compare().total(), 0U);
}

TEST_F(TableCompareTest, AKeyThatIsNotRepairedIsNotCountedForAnother) {
  use(make_routed({"", ""}));
  apply({put("a", 1, "old"), put("b", 2, "old")});
  query("ALTER TABLE routed_1 ADD CHECK (pk <> 'b') NOT VALID");
  page({item("a", "new"), item("b", "new")});
  items_now({item("a", "new"), item("b", "new")});

  const Differences found = compare({.repair = true});

  EXPECT_EQ(found.total(), 2U);
  EXPECT_EQ(found.repaired, 1U);
}

// More rows than are held at a time come in while the table is read.
TEST_F(TableCompareTest, ARepairEndsThoughRowsCameInMeanwhile) {
  std::vector<TestChange> changes;
  std::vector<std::string> items;
  for (int i = 0; i < 5'000; ++i) {
    changes.push_back(put(std::to_string(i), static_cast<std::uint64_t>(i) + 1, "v"));
    items.push_back(item(std::to_string(i), "v"));
  }
  apply(changes);
  page({});
  items_now(items);

  EXPECT_EQ(compare({.repair = true}).total(), 0U);
}

TEST_F(TableCompareTest, WhatAgreesWhenItIsReadAgainIsNoDifference) {
  apply({put("k1", 2, "new")});
  page({item("k1", "old")});
  items_now({item("k1", "new")});

  EXPECT_EQ(compare().total(), 0U);
}

TEST_F(TableCompareTest, ValuesOnTheirWayIntoAColumnAreNoDifference) {
  use_layout_columns();
  apply({put("k1", 1, "a"), put("k2", 2, "b")});
  add_columns();
  load();
  apply({put("k3", 3, "c"), put("k2", 4, "d")});
  page({item("k1", "a"), item("k2", "wrong"), item("k3", "c")});
  items_now({item("k2", "wrong")});

  EXPECT_THAT(compare().keys, ElementsAre(R"({"pk":{"S":"k2"}})"));
}

TEST_F(TableCompareTest, APromotionMeanwhileMakesNoDifference) {
  use_layout_columns();
  apply({put("k1", 1, "a"), put("k2", 2, "b")});
  page({}, R"({"pk":{"S":"k0"}})");
  page({item("k1", "a"), item("k2", "b")});
  items_now({item("k1", "a"), item("k2", "b")});

  const Differences found = compare({.on_progress = [&](std::uint64_t items) {
    if (items > 0) return;
    add_columns();
    Promotion promotion{Catalogue{*connection, state_schema()}.find(orders.source->arn).value()};
    while (promotion.step(*connection) != PromotionStep::idle) continue;
  }});

  EXPECT_EQ(query("SELECT pk, v, _rest FROM typed ORDER BY pk"), "k1|a|NULL\nk2|b|NULL");
  EXPECT_EQ(found.total(), 0U);
}

TEST_F(TableCompareTest, ARepairGoesOnWithTheMappingThatChangedMeanwhile) {
  use_layout_columns();
  apply({put("k1", 1, "old"), put("k2", 2, "b")});
  page({item("k1", "new"), item("k2", "b")});
  items_now({item("k1", "new"), item("k2", "b")});

  const Differences found =
      compare({.repair = true, .on_progress = [&](std::uint64_t) { add_columns(); }});

  EXPECT_EQ(found.total(), 1U);
  EXPECT_EQ(found.repaired, 1U);
  EXPECT_EQ(query("SELECT pk, v, _rest ->> 'v' FROM typed ORDER BY pk"), "k1|new|NULL\nk2|NULL|b");
}

TEST_F(TableCompareTest, ReadsNoFasterThanItMay) {
  apply({put("k1", 1, "a"), put("k2", 2, "b")});
  page({item("k1", "a")}, R"({"pk":{"S":"k1"}})", 2);
  page({item("k2", "b")});
  const auto began = steady_clock::now();

  compare({.replication = {.read_units = 10}});

  EXPECT_GE(steady_clock::now() - began, 200ms);
}

TEST_F(TableCompareTest, OfAProvisionedTableTakesAQuarterUnlessMoreIsAllowed) {
  description_.provisioned_read_units = 40;
  page({}, R"({"pk":{"S":"k1"}})", 2);
  page({});
  const auto began = steady_clock::now();

  compare();

  EXPECT_GE(steady_clock::now() - began, 200ms);
}

TEST_F(TableCompareTest, AStopEndsItWithAnError) {
  std::stop_source stop;
  stop.request_stop();

  EXPECT_THAT(error_of([&] { compare({}, stop.get_token()); }).what(), HasSubstr("stopped"));
}

TEST_F(TableCompareTest, WhatAReadOfASegmentThrowsIsThrown) {
  aws_.transport.forever(refusal("AccessDeniedException", "not for you"));

  EXPECT_THAT(error_of([&] { compare(); }).what(), HasSubstr("not for you"));
}

}  // namespace
}  // namespace dynamite::test
