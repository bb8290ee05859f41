#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <future>

#include "pg/identifier.hpp"
#include "replica/state/plan.hpp"
#include "support/errors.hpp"
#include "support/interleaving.hpp"

namespace dynamite::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum KeyType;

/// Without the replica that ReplicaTest makes.
class CatalogueTest : public ReplicaTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (!HasFatalFailure()) connection.emplace(connect());
  }

  Catalogue catalogue() { return {*connection, state_schema()}; }
  Planner planner() { return {*connection, state_schema()}; }
  void make_state() { planner().execute(planner().plan_state()); }
  Error refusal_of(const Replica& wanted) {
    return error_of([&] { planner().plan_replica(wanted); });
  }
  std::string columns_of(const std::string& table) {
    return query(fmt::format(
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' "
        "ORDER BY attnum) FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0",
        table));
  }
};

TEST_F(CatalogueTest, MakesTheStateSchema) {
  EXPECT_EQ(catalogue().version(), std::nullopt);

  make_state();

  EXPECT_EQ(catalogue().version(), 2);
  EXPECT_NO_THROW(catalogue().require_usable());
}

TEST_F(CatalogueTest, TheSecondPlanIsEmpty) {
  const Replica wanted = wanted_replica(keys(S, N), "orders");
  make_replica(keys(S, N), "orders");

  EXPECT_THAT(planner().plan_state(), IsEmpty());
  EXPECT_THAT(planner().plan_schema(schema()), IsEmpty());
  const ReplicaPlan plan = planner().plan_replica(wanted);
  EXPECT_THAT(plan.sql, IsEmpty());
  EXPECT_FALSE(plan.creates_table);
}

TEST_F(CatalogueTest, WithoutAStateSchemaTheHintIsBootstrap) {
  const Error error = error_of([&] { catalogue().require_usable(); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_EQ(error.hint(), "run `dynamite bootstrap`");
}

TEST_F(CatalogueTest, AnotherVersionOfTheStateSchemaIsAnError) {
  make_state();
  query(fmt::format("UPDATE {}.catalogue SET version = 99", state_schema()));

  const Error error = error_of([&] { planner().plan_state(); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("has version 99, but this program needs version 2"));
}

TEST_F(CatalogueTest, MakesTheColumnsOfLayoutDocument) {
  make_replica(keys(S, N), "orders");

  EXPECT_EQ(columns_of("orders"),
            "pk text, sk numeric, item jsonb, mod_time timestamp with time zone, create_time "
            "timestamp with "
            "time zone, _types jsonb, _version numeric, _epoch integer");
}

TEST_F(CatalogueTest, StringKeysCompareByTheirBytes) {
  make_replica(keys(S), "orders");

  EXPECT_EQ(query("SELECT collname FROM pg_attribute JOIN pg_collation c ON c.oid = attcollation "
                  "WHERE attrelid = 'orders'::regclass"),
            "C");
}

TEST_F(CatalogueTest, TablesAndColumnsCarryComments) {
  make_replica(keys(S), "orders");

  EXPECT_EQ(
      query("SELECT obj_description('orders'::regclass)"),
      "replica of arn:aws:dynamodb:us-east-1:111122223333:table/orders, kept by dynamite: do not "
      "write to it");
  EXPECT_EQ(
      query("SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 "
            "AND col_description(attrelid, attnum) IS NOT NULL"),
      "6");
}

TEST_F(CatalogueTest, LoadsWhatWasRegistered) {
  const Replica made = make_replica(keys(B, N), "orders");
  make_replica(keys(S), "Customers");

  const auto loaded = catalogue().load();

  ASSERT_EQ(loaded.size(), 2U);
  EXPECT_EQ(loaded[0].name(), "Customers");
  EXPECT_EQ(loaded[1].id, made.id);
  EXPECT_EQ(loaded[1].source->arn, made.source->arn);
  EXPECT_EQ(loaded[1].source->key_schema, keys(B, N));
  EXPECT_EQ(loaded[1].targets.front().schema, schema());
  EXPECT_EQ(loaded[1].state_schema, state_schema());
}

TEST_F(CatalogueTest, AnUnknownTableIsNotFound) {
  make_state();

  EXPECT_FALSE(catalogue().find("arn:aws:dynamodb:us-east-1:111122223333:table/none"));
}

TEST_F(CatalogueTest, AChangedKeySchemaIsAnError) {
  make_replica(keys(S), "orders");

  const Error error = refusal_of(wanted_replica(keys(S, N), "orders"));

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("is \"pk\" S, \"sk\" N, but its replica"));
  EXPECT_THAT(error.what(), HasSubstr("was made for \"pk\" S"));
}

TEST_F(CatalogueTest, AnotherTargetThanTheRegisteredOneIsAnError) {
  make_replica(keys(S), "orders");
  Replica wanted = wanted_replica(keys(S), "orders");
  wanted.targets = {new_target(state_schema(), schema(), "elsewhere",
                               Layout::document(wanted.source->key_schema))};

  EXPECT_EQ(refusal_of(wanted).kind(), Error::Kind::usage);
}

TEST_F(CatalogueTest, TwoSourcesIntoOneTargetAreAnError) {
  make_replica(keys(S), "orders");
  Replica wanted = wanted_replica(keys(S), "others");
  wanted.targets = {
      new_target(state_schema(), schema(), "orders", Layout::document(wanted.source->key_schema))};

  const Error error = refusal_of(wanted);

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("would share the replica"));
}

TEST_F(CatalogueTest, AReplicaWithoutItsStateIsTakenOver) {
  make_replica(keys(S, B), "orders");
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  make_state();

  const ReplicaPlan plan = planner().plan_replica(wanted_replica(keys(S, B), "orders"));
  planner().execute(plan.sql);

  EXPECT_FALSE(plan.creates_table);
  EXPECT_TRUE(catalogue().find(wanted_replica(keys(S, B), "orders").source->arn));
}

TEST_F(CatalogueTest, RowsOfATakenOverTableAreOlderThanItsFirstPass) {
  orders = make_replica(keys(S), "orders");
  for (int i = 0; i < 3; ++i) end_pass(start_pass());
  apply({put("k1", 1), put("k2", 2)});
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  orders = make_replica(keys(S), "orders");

  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k1", "scan")});
  end_pass(pass);

  EXPECT_EQ(rows(), "k1|scan|1|4");
}

TEST_F(CatalogueTest, ATableWithoutTheColumnsOfAReplicaIsAnError) {
  make_state();
  query("CREATE TABLE orders (pk text COLLATE \"C\" PRIMARY KEY, item jsonb)");

  const Error error = refusal_of(wanted_replica(keys(S), "orders"));

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("it has no column \"_epoch\" (integer)"));
}

TEST_F(CatalogueTest, ATableWithAnotherKeyTypeIsAnErrorThatNamesTheColumn) {
  make_replica(keys(N), "orders");
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  make_state();

  const Error error = refusal_of(wanted_replica(keys(S), "orders"));

  EXPECT_THAT(error.what(),
              HasSubstr("its column \"pk\" is numeric, part 1 of the primary key, wanted: "
                        "text COLLATE \"C\", part 1 of the primary key"));
}

TEST_F(CatalogueTest, ATableWithALongerPrimaryKeyIsAnError) {
  make_replica(keys(S, S), "orders");
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  make_state();

  EXPECT_THAT(
      refusal_of(wanted_replica(keys(S), "orders")).what(),
      HasSubstr(
          "its column \"sk\" is text COLLATE \"C\", part 2 of the primary key, wanted: no such "
          "column in the primary key"));
}

TEST_F(CatalogueTest, TheReplicaOfAnotherSourceIsNotTakenOver) {
  make_replica(keys(S), "orders");
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  make_state();
  Replica wanted = wanted_replica(keys(S), "others");
  wanted.targets = {
      new_target(state_schema(), schema(), "orders", Layout::document(wanted.source->key_schema))};

  EXPECT_THAT(refusal_of(wanted).what(), HasSubstr("its comment is \"replica of arn:"));
}

TEST_F(CatalogueTest, AColumnOfTheDbaDoesNotHinderTheTakeover) {
  make_replica(keys(S), "orders");
  query("ALTER TABLE orders ADD COLUMN note text");
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  make_state();

  EXPECT_NO_THROW(planner().plan_replica(wanted_replica(keys(S), "orders")));
}

TEST_F(CatalogueTest, DdlThatAnotherProcessDidMeanwhileIsTransient) {
  make_state();
  const ReplicaPlan plan = planner().plan_replica(wanted_replica(keys(S), "orders"));
  make_replica(keys(S), "orders");

  EXPECT_EQ(error_of([&] { planner().execute(plan.sql); }).kind(), Error::Kind::transient);
}

TEST_F(CatalogueTest, DdlWaitsForALockInShortSpells) {
  orders = make_replica(keys(S), "orders");
  pg::Connection other = connect();
  std::optional<pg::Transaction> holder{std::in_place, other};
  holder->run("SELECT * FROM orders");
  auto ddl = std::async(std::launch::async,
                        [&] { planner().execute({"ALTER TABLE orders ADD COLUMN note text"}); });
  wait_until_blocked(connection->backend_pid());
  wait_until(
      fmt::format("SELECT cardinality(pg_blocking_pids({})) = 0", connection->backend_pid()));

  holder.reset();
  ddl.get();

  EXPECT_EQ(query("SELECT note FROM orders"), "");
}

// --- names ---

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
                                 Layout::document(wanted.source->key_schema))};
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
  wanted.targets = {new_target(state_schema(), schema(), "We\"ird.Table's {} name",
                               Layout::document(wanted.source->key_schema))};
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

// --- what is there already ---

TEST_F(CatalogueTest, ASchemaThatIsThereNeedsNoRightToMakeOne) {
  const std::string role = make_role("owner");
  query("CREATE SCHEMA " + state_schema());
  for (const std::string& made : {schema(), state_schema()})
    query(fmt::format("GRANT USAGE, CREATE ON SCHEMA {} TO {}", made, role));
  connection.emplace(connect_as(role));

  EXPECT_NO_THROW(make_state());
  EXPECT_NO_THROW(planner().execute(planner().plan_replica(wanted_replica(keys(S), "orders")).sql));
}

TEST_F(CatalogueTest, WhatIsRefusedSaysWhichGrantAllowsIt) {
  make_replica(keys(S), "Orders");
  const std::string role = make_role("nobody");
  pg::Connection other = connect_as(role);
  const auto hint_of = [&](const std::string& sql) {
    const Error error = error_of([&] { other.run(sql); });
    EXPECT_EQ(error.kind(), Error::Kind::usage) << sql;
    return error.hint();
  };
  // Runs the GRANT of the hint, with the two names filled in that the hint leaves open.
  const auto grant_what_is_said_for = [&](const std::string& sql) {
    const std::string hint = hint_of(sql);
    const auto begin = hint.find("GRANT ");
    const auto end = hint.find(" TO the role in `url`");
    ASSERT_TRUE(begin != hint.npos && end != hint.npos) << hint;
    std::string grant = hint.substr(begin, end - begin) + " TO " + role;
    if (const auto at = grant.find("ITS_SCHEMA"); at != grant.npos)
      grant.replace(at, std::string_view{"ITS_SCHEMA"}.size(), schema());
    query(grant);
  };
  const std::string select = fmt::format("SELECT FROM {}.\"Orders\"", schema());
  const std::string call = fmt::format("SELECT {}.\"Twice\"(1)", schema());
  query(fmt::format(
      "CREATE FUNCTION {}.\"Twice\"(x int) RETURNS int LANGUAGE sql AS 'SELECT 2 * x'", schema()));
  query(fmt::format("REVOKE EXECUTE ON FUNCTION {}.\"Twice\" FROM PUBLIC", schema()));

  grant_what_is_said_for(select);  // the schema's
  grant_what_is_said_for(select);  // the table's
  grant_what_is_said_for(call);

  EXPECT_NO_THROW(other.run(select));
  EXPECT_NO_THROW(other.run(call));
  EXPECT_THAT(hint_of("CREATE SCHEMA x"), HasSubstr("GRANT CREATE ON DATABASE \""));
  EXPECT_THAT(hint_of(fmt::format("COMMENT ON TABLE {}.\"Orders\" IS 'x'", schema())),
              HasSubstr("dynamite bootstrap --dry-run"));
}

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
    EXPECT_EQ((Catalogue{*connection, name}.version()), 2) << name;
    query("DROP SCHEMA " + quote_identifier(name) + " CASCADE");
  }
}

// --- dry run ---

TEST_F(CatalogueTest, ThePlanRunsThroughPsqlUnchanged) {
  Replica wanted = wanted_replica({.partition = {.name = "it's \"quoted\" \\ $1", .type = S},
                                   .sort = KeyAttribute{.name = "sk", .type = B}},
                                  "orders");
  const std::string path = testing::TempDir() + schema() + ".sql";
  {
    std::ofstream file{path};
    const auto print = [&](const std::vector<std::string>& sql) {
      for (const std::string& statement : sql) file << statement << ";\n\n";
    };
    print(planner().plan_state());
    print(planner().plan_replica(wanted).sql);
  }

  const int status = std::system(
      fmt::format("psql --no-psqlrc -q -v ON_ERROR_STOP=1 -f {} '{}'", path, url()).c_str());

  EXPECT_EQ(status, 0);
  EXPECT_THAT(planner().plan_state(), IsEmpty());
  EXPECT_THAT(planner().plan_replica(wanted).sql, IsEmpty());
  std::remove(path.c_str());
}

}  // namespace
}  // namespace dynamite::test
