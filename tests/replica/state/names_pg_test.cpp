#include <fmt/format.h>
#include <gmock/gmock.h>

#include "pg/identifier.hpp"
#include "replica/state/catalogue_fixture.hpp"
#include "replica/state/state_sql.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using enum KeyType;

std::string odd_name() { return "a\"b.c'd\\e $$ {} \u00e4 " + std::string(200, 'x'); }

TEST_F(CatalogueTest, OddKeyNamesWork) {
  const KeySchema schema{.partition = {.name = odd_name() + "1", .type = S},
                         .sort = KeyAttribute{.name = odd_name() + "2", .type = N}};
  orders = make_replica(schema, "orders");
  std::string name;
  for (const char c : odd_name())
    name += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};

  apply({put_item(fmt::format(R"({{"{0}1":{{"S":"a"}},"{0}2":{{"N":"1"}}}})", name), 1)});
  apply({remove_item(fmt::format(R"({{"{0}1":{{"S":"a"}},"{0}2":{{"N":"1"}}}})", name), 2),
         put_item(fmt::format(R"({{"{0}1":{{"S":"b"}},"{0}2":{{"N":"2"}}}})", name), 3)});

  EXPECT_EQ(query("SELECT _version FROM orders"), "3");
  EXPECT_EQ(catalogue().load().at(0).source->key_schema, schema);
}

TEST_F(CatalogueTest, LongTableNamesAreCutAndStayApart) {
  const std::string long_name(250, 't');
  for (const std::string suffix : {"1", "2"}) {
    Replica wanted = wanted_replica(keys(S), long_name + suffix);
    wanted.targets = {new_target(state_schema(), schema(), shorten_identifier(long_name + suffix),
                                 wanted.source->key_schema)};
    make_state();
    planner().execute(planner().plan_replica(wanted).sql);
    orders = catalogue().find(wanted.source->arn).value();

    apply({put("k1", 1), removal("k2", 2)});
  }

  EXPECT_EQ(query(fmt::format("SELECT count(*) FROM pg_tables WHERE schemaname = '{}'", schema())),
            "2");
  EXPECT_EQ(query(fmt::format("SELECT count(*) FROM pg_tables WHERE schemaname = '{}' "
                              "AND tablename LIKE 'tombstone%'",
                              state_schema())),
            "2");
}

TEST_F(CatalogueTest, OddSchemaAndTableNamesWork) {
  Replica wanted = wanted_replica(keys(S), "orders");
  wanted.targets = {
      new_target(state_schema(), schema(), "We\"ird.Table's {} name", wanted.source->key_schema)};
  make_state();
  planner().execute(planner().plan_replica(wanted).sql);
  orders = catalogue().find(wanted.source->arn).value();

  apply({put("k1", 1), removal("k2", 2)});
  end_pass(start_pass());

  EXPECT_EQ(rows(), "");
}

class CollidingNames : public CatalogueTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(CollidingNames, OfKeyAttributesWork) {
  orders =
      make_replica({.partition = {.name = GetParam(), .type = N}, .sort = std::nullopt}, "orders");

  const auto image = [&](int key, int value) {
    return fmt::format(R"({{"{}":{{"N":"{}"}},"v":{{"N":"{}"}}}})", GetParam(), key, value);
  };
  apply({put_item(image(1, 1), 1), put_item(image(2, 2), 2)});
  apply({put_item(image(1, 3), 3), remove_item(image(2, 2), 4)});
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned_item(image(5, 5))});
  end_pass(pass);

  EXPECT_EQ(
      query(fmt::format("SELECT {} FROM orders", orders.targets.front().layout.keys().names())),
      "5");
}

INSTANTIATE_TEST_SUITE_P(All, CollidingNames,
                         ::testing::Values("item", "_version", "_version_", "_epoch", "_types",
                                           "mod_time", "create_time", "ctid", "xmin", "xmax",
                                           "cmin", "cmax", "tableoid", "oid", "select", "t", "u",
                                           "n", "d", "k1", "a", "excluded"));

struct Taken {
  const char *sql, *what;
};

class TakenNameTest : public CatalogueTest, public testing::WithParamInterface<Taken> {};

TEST_P(TakenNameTest, IsCalledWhatItIs) {
  query(GetParam().sql);

  EXPECT_THAT(refusal_of(wanted_replica(keys(S), "orders")).what(),
              HasSubstr(fmt::format("\"orders\" is {}, but the replica of", GetParam().what)));
}

INSTANTIATE_TEST_SUITE_P(
    All, TakenNameTest,
    testing::Values(Taken{"CREATE VIEW orders AS SELECT 1", "a view"},
                    Taken{"CREATE MATERIALIZED VIEW orders AS SELECT 1", "a materialized view"},
                    Taken{"CREATE TABLE t (x int CONSTRAINT orders UNIQUE)", "an index"},
                    Taken{"CREATE SEQUENCE orders", "a sequence"},
                    Taken{"CREATE TYPE orders AS (x int)", "a type"},
                    Taken{"CREATE TYPE orders AS ENUM ('x')", "a type"},
                    Taken{"CREATE DOMAIN orders AS int", "a type"}));

TEST_F(CatalogueTest, AStateSchemaOfAnyNameIsMade) {
  for (const std::string name : {"odd $$ name", "$dynamite$", "it's \"so\" \\ %", "a{0}b"}) {
    Planner odd{*connection, name};
    EXPECT_NO_THROW(odd.execute(odd.plan_state())) << name;
    EXPECT_EQ((Catalogue{*connection, name}.version()), kCatalogueVersion) << name;
    query("DROP SCHEMA " + quote_identifier(name) + " CASCADE");
  }
}

}  // namespace
}  // namespace dynamite::test
