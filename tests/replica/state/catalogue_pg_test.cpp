#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <future>

#include "replica/state/catalogue_fixture.hpp"
#include "replica/state/state_sql.hpp"
#include "support/interleaving.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using enum KeyType;

TEST_F(CatalogueTest, MakesTheStateSchema) {
  EXPECT_EQ(catalogue().version(), std::nullopt);

  make_state();

  EXPECT_EQ(catalogue().version(), kCatalogueVersion);
  EXPECT_NO_THROW(catalogue().require_usable());
}

TEST_F(CatalogueTest, TheSecondPlanIsEmpty) {
  const Replica wanted = wanted_replica(keys(S, N), "orders");
  make_replica(keys(S, N), "orders");

  EXPECT_THAT(planner().plan_state(), IsEmpty());
  EXPECT_THAT(planner().plan_schemas(wanted.targets), IsEmpty());
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
  EXPECT_THAT(error.what(), HasSubstr("has version 99, but this program needs version 4"));
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
  EXPECT_EQ(loaded[1].name(), "orders");
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

TEST_F(CatalogueTest, AnotherTargetIsNotForThePlanOfARegisteredReplica) {
  make_replica(keys(S), "orders");
  Replica wanted = wanted_replica(keys(S), "orders");
  wanted.targets = {new_target(state_schema(), schema(), "elsewhere", wanted.source->key_schema)};

  EXPECT_THAT(planner().plan_replica(wanted).sql, IsEmpty());
}

TEST_F(CatalogueTest, TwoSourcesIntoOneTargetAreAnError) {
  make_replica(keys(S), "orders");
  Replica wanted = wanted_replica(keys(S), "others");
  wanted.targets = {new_target(state_schema(), schema(), "orders", wanted.source->key_schema)};

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

TEST_F(CatalogueTest, ATargetInTheTableOfAHistoryIsAnError) {
  make_state();
  Replica wanted = wanted_replica(keys(S), "orders");
  wanted.targets = {
      new_target(state_schema(), schema(), "orders", keys(S), {.rules = {.history = true}}),
      new_target(state_schema(), schema(), "orders_history", keys(S))};

  const Error error = refusal_of(wanted);

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("would share"));
  EXPECT_THAT(error.what(), HasSubstr("\"orders_history\""));
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
  wanted.targets = {new_target(state_schema(), schema(), "orders", wanted.source->key_schema)};

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
