#include <gmock/gmock.h>

#include <future>

#include "pg/pg_error.hpp"
#include "replica/change/adopted_columns.hpp"
#include "replica/change/promotion_fixture.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/state/existing_table.hpp"
#include "replica/state/locks.hpp"

namespace dynamite::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kNotVersionOrTime = "{_version, mod_time, create_time}";

TEST_F(PromotionTest, AFrequentAttributeGetsAColumnWithTheValuesThatAreThere) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"12.50"},"city":{"S":"Rome"}})",
             R"({"pk":{"S":"b"},"total":{"N":"3"}})"});

  promote();

  EXPECT_EQ(attribute_columns(), "total numeric, city text");
  EXPECT_EQ(query("SELECT pk, total, city, _rest FROM orders ORDER BY pk"),
            "a|12.50|Rome|NULL\nb|3|NULL|NULL");
  EXPECT_THAT(query("SELECT col_description('orders'::regclass, attnum) FROM pg_attribute "
                    "WHERE attrelid = 'orders'::regclass AND attname = 'total'"),
              HasSubstr("type N"));
}

TEST_F(PromotionTest, WordsSayWhichTargetGetsAColumnIfThereAreSeveral) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  Replica two = orders;
  two.targets.push_back(new_target(state_schema(), schema(), "documents", keys(KeyType::S)));

  const auto of_one = plan_promotion(*connection, orders);
  const auto of_two = plan_promotion(*connection, two);

  ASSERT_EQ(of_one.size(), 1U);
  EXPECT_THAT(of_one.front().words, ElementsAre(StartsWith("the column \"total\" is added")));
  ASSERT_EQ(of_two.size(), 1U);
  EXPECT_THAT(of_two.front().words, ElementsAre(StartsWith(orders.targets.front().qualified_name() +
                                                           ": the column \"total\" is added")));
}

TEST_F(PromotionTest, VersionsEpochsAndTimesStay) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  const std::string sql = "SELECT _version, _epoch, mod_time, create_time FROM orders";
  const std::string before = query(sql);

  promote();

  EXPECT_EQ(query(sql), before);
}

struct PromotedType {
  std::string name, value;
  std::string column;  ///< its type
};

class PromotionOfTypeTest : public PromotionTest,
                            public testing::WithParamInterface<PromotedType> {};

/// The names need an escape in SQL, in JSON, or in a JSON pointer. Each attribute has values of
/// every type besides: they do not fit, and stay.
TEST_P(PromotionOfTypeTest, MovedValuesAreAsAnApplierWritesThem) {
  const std::vector<std::string> names{"v", R"(odd \"name\")", "a/b~c", "it's", "\u00e4\u00f6"};
  const std::vector<std::string> others{R"({"S":"text"})",
                                        R"({"S":"zero\u0000"})",
                                        R"({"N":"-1.5E+30"})",
                                        R"({"BOOL":true})",
                                        R"({"B":"AAEC"})",
                                        R"({"NULL":true})",
                                        R"({"SS":["b","a"]})",
                                        R"({"SS":["b","zero\u0000"]})",
                                        R"({"NS":["2","1"]})",
                                        R"({"BS":["Ag==","AQ=="]})",
                                        R"({"M":{"x/y":{"B":"AAEC"},"z":{"L":[{"SS":["q"]}]}}})",
                                        R"({"L":[{"N":"1"},{"S":"zero\u0000"}]})",
                                        R"({"L":[]})"};
  const auto item = [&](std::size_t number, const std::string& value) {
    std::string json = fmt::format(R"({{"pk":{{"S":"k{:02}"}})", number);
    for (const std::string& name : names) json += fmt::format(R"(,"{}":{})", name, value);
    return json + "}";
  };
  std::vector<std::string> items;
  for (const std::string& other : others) items.push_back(item(items.size(), other));
  for (int i = 0; i < 20; ++i) items.push_back(item(items.size(), GetParam().value));
  put_items(items);

  promote();

  EXPECT_EQ(query("SELECT string_agg(DISTINCT format_type(atttypid, -1), ' ') FROM pg_attribute "
                  "WHERE attrelid = 'orders'::regclass AND attnum > 1 AND attname NOT LIKE '\\_%' "
                  "AND attname NOT LIKE '%time'"),
            GetParam().column);
  EXPECT_EQ(query("SELECT count(*) FROM orders WHERE v IS NOT NULL AND pk >= 'k13'"), "20");
  const std::string moved = contents(kNotVersionOrTime);
  put_items(items, 1'000);
  EXPECT_EQ(contents(kNotVersionOrTime), moved);
}

INSTANTIATE_TEST_SUITE_P(
    , PromotionOfTypeTest,
    testing::Values(PromotedType{"S", R"({"S":"x"})", "text"},
                    PromotedType{"N", R"({"N":"12.50"})", "numeric"},
                    PromotedType{"BOOL", R"({"BOOL":false})", "boolean"},
                    PromotedType{"B", R"({"B":"/w=="})", "bytea"},
                    PromotedType{"SS", R"({"SS":["z","y"]})", "text[]"},
                    PromotedType{"NS", R"({"NS":["10","9.5"]})", "numeric[]"},
                    PromotedType{"BS", R"({"BS":["/w==","AA=="]})", "bytea[]"},
                    PromotedType{"M", R"({"M":{"b":{"B":"AA=="},"n":{"N":"1"}}})", "jsonb"},
                    PromotedType{"L", R"({"L":[{"BS":["AA=="]},{"S":"s"}]})", "jsonb"}),
    [](const auto& info) { return info.param.name; });

TEST_F(PromotionTest, ARareAttributeGetsNone) {
  insert_rows(500, R"({"total": 1})");
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"},"rare":{"S":"x"}})"});

  promote();

  EXPECT_EQ(attribute_columns(), "total numeric");
  EXPECT_EQ(query("SELECT _rest FROM orders WHERE pk = 'a'"), R"({"rare": "x"})");
  EXPECT_EQ(query(fmt::format("SELECT round((1 / share)::numeric) FROM {}.attribute "
                              "WHERE name = 'rare'",
                              state_schema())),
            "501");
}

TEST_F(PromotionTest, AFrequentAttributeThatNobodyNotedIsFound) {
  insert_rows(50, R"({"total": 1, "odd name": "x"})");
  note({{.name = "other", .type = "N"}});

  promote();

  EXPECT_EQ(attribute_columns(), "odd name text, total numeric");
}

TEST_F(PromotionTest, AnAttributeOfNothingButNullsGetsNone) {
  put_items({R"({"pk":{"S":"a"},"gone":{"NULL":true}})"});

  promote();

  EXPECT_EQ(attribute_columns(), "");
}

TEST_F(PromotionTest, ThereAreNoMoreColumnsThanMayBe) {
  query("DROP TABLE orders");
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  make_orders({.layout = LayoutKind::columns, .columns_max = 2});
  put_items({R"({"pk":{"S":"a"},"x":{"N":"1"},"y":{"N":"1"},"z":{"N":"1"}})",
             R"({"pk":{"S":"b"},"y":{"N":"1"},"z":{"N":"1"}})"});

  promote();

  EXPECT_EQ(attribute_columns(), "y numeric, z numeric");
}

TEST_F(PromotionTest, WithoutNewColumnsNothingHappens) {
  query("DROP TABLE orders");
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  make_orders({.layout = LayoutKind::columns, .new_columns = false});
  put_items({R"({"pk":{"S":"a"},"x":{"N":"1"}})"});

  promote();

  EXPECT_EQ(attribute_columns(), "");
}

TEST_F(PromotionTest, ColumnsOfAFormerReplicaAreKnownByTheirComments) {
  query("ALTER TABLE orders ADD COLUMN mine text");
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"},"odd, type name":{"SS":["x"]},"m":{"L":[]}})"});
  promote();

  const auto columns = adopted_columns(find_columns(*connection, orders.targets.front()));

  EXPECT_EQ(columns, orders.targets.front().mapping.columns);
}

TEST_F(PromotionTest, WhatWasKilledWhileValuesMovedIsEndedByAnother) {
  insert_rows(2'500, R"({"total": 1})");
  note({{.name = "total", .type = "N"}});
  {
    Promotion killed{orders};
    EXPECT_EQ(killed.step(*connection), PromotionStep::changed);
    EXPECT_EQ(killed.step(*connection), PromotionStep::moved);
  }
  load();
  EXPECT_EQ(attribute_columns(), "total numeric filling");
  EXPECT_EQ(query("SELECT count(*) FROM orders WHERE total IS NULL"), "1500");

  promote();

  EXPECT_EQ(attribute_columns(), "total numeric");
  EXPECT_EQ(query("SELECT count(*), sum(total) FROM orders WHERE _rest IS NULL"), "2500|2500");
}

TEST_F(PromotionTest, WhatWasKilledBeforeItsCommitHasDoneNothing) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  pg::Connection other = connect();
  pg::Connection victim = connect();
  const int pid = static_cast<int>(victim.run("SELECT pg_backend_pid()").number(0, 0));
  other.run("CREATE TEMPORARY TABLE x ()");
  pg::Transaction reading{other};
  reading.run("SELECT FROM orders");
  Promotion promotion{orders};

  // Its ALTER TABLE waits for the reader, again and again.
  auto killed = std::async(std::launch::async, [&] {
    return error_of([&] {
      while (promotion.step(victim) == PromotionStep::busy) continue;
    });
  });
  wait_until_blocked(pid);
  query(fmt::format("SELECT pg_terminate_backend({})", pid));

  EXPECT_EQ(killed.get().kind(), Error::Kind::transient);
  load();
  EXPECT_EQ(orders.mapping, 1);
  EXPECT_EQ(find_columns(*connection, orders.targets.front()).size(), 7);
  reading.commit();
  promote();
  EXPECT_EQ(attribute_columns(), "total numeric");
}

TEST_F(PromotionTest, ALongReaderMakesAppliersWaitForAPartOfASecondOnly) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  pg::Connection other = connect();
  pg::Transaction reading{other};
  reading.run("SELECT FROM orders");
  Promotion promotion{orders};

  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(promotion.step(*connection), PromotionStep::busy);

  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds{900});
  apply({put_item(R"({"pk":{"S":"b"},"total":{"N":"2"}})", 5)});
}

TEST_F(PromotionTest, RowsOfTheMappingBeforeItAreRefusedUntilTheCatalogueIsLoadedAnew) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  const Replica before = orders;
  promote();
  const Batch batch = batch_of(before, {put_item(R"({"pk":{"S":"b"},"total":{"N":"2"}})", 2)});
  Applier applier{*connection, {}};

  const Error error = error_of([&] { applier.apply({.table = before, .batch = batch}); });

  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_THAT(error.what(), HasSubstr("DY007"));
  applier.apply({.table = orders, .batch = batch});
  EXPECT_EQ(query("SELECT pk, total FROM orders ORDER BY pk"), "a|1\nb|2");
}

TEST_F(PromotionTest, AnApplierInFlightIsWaitedFor) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  pg::Connection other = connect();
  pg::Transaction applying{other};
  const LockKeys lock = lock_keys(orders);
  applying.run(fmt::format("SELECT pg_advisory_xact_lock_shared({}, {})", lock.transaction_class,
                           lock.replica));
  Promotion promotion{orders};

  EXPECT_EQ(promotion.step(*connection), PromotionStep::busy);

  applying.commit();
  EXPECT_EQ(promotion.step(*connection), PromotionStep::changed);
}

TEST_F(PromotionTest, RowsThatAreWrittenWhileValuesMoveAreRight) {
  insert_rows(2'000, R"({"total": 1})");
  note({{.name = "total", .type = "N"}});
  Promotion promotion{orders};
  EXPECT_EQ(promotion.step(*connection), PromotionStep::changed);
  EXPECT_EQ(promotion.step(*connection), PromotionStep::moved);
  load();
  apply({put_item(R"({"pk":{"S":"k0001"},"total":{"N":"5"}})", 5),
         put_item(R"({"pk":{"S":"k1999"},"total":{"S":"none"}})", 6),
         remove_item(R"({"pk":{"S":"k2000"}})", 7)});

  promote();

  EXPECT_EQ(query("SELECT pk, total, _rest FROM orders WHERE total IS DISTINCT FROM 1 ORDER BY pk"),
            "k0001|5|NULL\nk1999|NULL|{\"total\": \"none\"}");
  EXPECT_EQ(query("SELECT count(*) FROM orders"), "1999");
}

TEST_F(PromotionTest, APassGoesOnWithTheNewMapping) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})", R"({"pk":{"S":"gone"},"total":{"N":"1"}})"});
  const std::int32_t epoch = start_pass();
  const Replica before = orders;
  promote();

  const Error error = error_of([&] {
    Applier{*connection, {}}.apply(
        {.table = before,
         .batch = batch_of(before, {scanned_item(R"({"pk":{"S":"a"},"total":{"N":"9"}})")}),
         .fence = {.writer = ByPass{epoch}}});
  });
  EXPECT_THAT(error.what(), HasSubstr("DY007"));
  apply_scanned(epoch, {scanned_item(R"({"pk":{"S":"a"},"total":{"N":"9"}})")});
  EXPECT_EQ(end_pass(epoch), 1);

  EXPECT_EQ(query("SELECT pk, total, _epoch FROM orders"), "a|9|1");
}

TEST_F(PromotionTest, TwoAtOnceAddAColumnOnce) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  Promotion late{orders};
  promote();
  pg::Connection other = connect();

  EXPECT_EQ(late.step(other), PromotionStep::idle);

  EXPECT_EQ(attribute_columns(), "total numeric");
}

TEST_F(PromotionTest, OneThatHasNotSeenThatTheLayoutIsAnotherLoadsItAnew) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  Promotion late{orders};
  const Target& target = orders.targets.front();
  const auto to_document = plan_rules(target, orders.source->key_schema, {},
                                      find_columns(*connection, target), RetiredColumns::drop);
  ASSERT_TRUE(try_change(*connection, orders, {to_document.value()}));

  EXPECT_EQ(late.step(*connection), PromotionStep::changed);

  EXPECT_EQ(late.step(*connection), PromotionStep::idle);
}

TEST_F(PromotionTest, ARoleThatMayNotAlterTheTableLeavesTheValuesInRest) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  const std::string writer = make_role("writer");
  query(fmt::format("GRANT USAGE ON SCHEMA {}, {} TO {}", schema(), state_schema(), writer));
  query(fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {}, {} TO {}",
                    schema(), state_schema(), writer));
  pg::Connection as_writer = connect_as(writer);
  Promotion promotion{orders};

  EXPECT_EQ(promotion.step(as_writer), PromotionStep::idle);

  EXPECT_EQ(query("SELECT _rest FROM orders"), R"({"total": 1})");
  EXPECT_EQ(plan_promotion(*connection, orders).size(), 1);
  promote();  // by the owner
  EXPECT_EQ(query("SELECT total, _rest FROM orders"), "1|NULL");
}

TEST_F(PromotionTest, AWriterMovesValuesIntoColumnsThatTheOwnerAdded) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  const std::string writer = make_role("writer");
  query(fmt::format("GRANT USAGE ON SCHEMA {}, {} TO {}", schema(), state_schema(), writer));
  query(fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {}, {} TO {}",
                    schema(), state_schema(), writer));
  for (const std::string& sql : change_sql(orders, plan_promotion(*connection, orders))) query(sql);
  load();
  EXPECT_EQ(attribute_columns(), "total numeric filling");

  pg::Connection as_writer = connect_as(writer);
  Promotion promotion{orders};
  while (promotion.step(as_writer) == PromotionStep::moved) continue;

  EXPECT_EQ(query("SELECT total, _rest FROM orders"), "1|NULL");
  load();
  EXPECT_EQ(attribute_columns(), "total numeric");
}

}  // namespace
}  // namespace dynamite::test
