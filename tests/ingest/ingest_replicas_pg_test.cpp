#include <gmock/gmock.h>

#include "ingest/fixture.hpp"
#include "replica/state/plan.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(IngestTest, WithoutAReplicaSaysToRunBootstrap) {
  Ingest ingest{options()};

  const Error error =
      error_of([&] { handle(ingest, event_of({put_record("a", 1, stream_of("Unknown"))})); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_STREQ(error.what(),
               "no replica belongs to arn:aws:dynamodb:us-east-1:111122223333:table/Unknown");
  EXPECT_EQ(error.hint(), "run `dynamite bootstrap`");
}

TEST_F(IngestTest, RefusesATableOfTheSameNameInAnotherAccountNamingBoth) {
  Ingest ingest{options()};
  const std::string stream =
      "arn:aws:dynamodb:us-east-1:999999999999:table/orders/stream/2026-01-15T12:00:00.123";

  const Error error = error_of([&] { handle(ingest, event_of({put_record("a", 1, stream)})); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(":999999999999:table/orders"),
                                  HasSubstr(":111122223333:table/orders")));
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "0");
}

TEST_F(IngestTest, WithoutAStateSchemaSaysToRunBootstrap) {
  IngestOptions elsewhere = options();
  elsewhere.state_schema = "nowhere";
  Ingest ingest{elsewhere};

  const Error error = error_of([&] { handle(ingest, put_event("a", 1)); });

  EXPECT_THAT(error.what(), HasSubstr("\"nowhere\""));
  EXPECT_EQ(error.hint(), "run `dynamite bootstrap`");
}

TEST_F(IngestTest, MakesAMissingReplicaWhereItMay) {
  IngestOptions creating = options();
  int created = 0;
  creating.create_replica = [&](pg::Connection&, const std::string&, const std::stop_token&) {
    ++created;
    make_replica(keys(KeyType::S), "New");
  };
  Ingest ingest{creating};

  handle(ingest, event_of({put_record("a", 1, stream_of("New"))}));
  handle(ingest, event_of({put_record("b", 2, stream_of("New"))}));

  EXPECT_EQ(created, 1);
  EXPECT_EQ(query("SELECT pk FROM " + schema() + ".\"New\" ORDER BY pk"), "a\nb");
}

TEST_F(IngestTest, FindsTheReplicaThatAnotherMadeAtTheSameTime) {
  IngestOptions creating = options();
  creating.create_replica = [&](pg::Connection& own, const std::string&, const std::stop_token&) {
    Planner planner{own, state_schema()};
    const auto sql = planner.plan_replica(wanted_replica(keys(KeyType::S), "New")).sql;
    if (!sql.empty()) make_replica(keys(KeyType::S), "New");  // after our plan was made
    planner.execute(sql);
  };
  Ingest ingest{creating};

  handle(ingest, event_of({put_record("a", 1, stream_of("New"))}));

  EXPECT_EQ(query("SELECT pk FROM " + schema() + ".\"New\""), "a");
}

TEST_F(IngestTest, SaysWhyAReplicaCannotBeMade) {
  IngestOptions creating = options();
  creating.create_replica = [](pg::Connection& own, const std::string&, const std::stop_token&) {
    own.run("SELECT * FROM no_such_table");
  };
  Ingest ingest{creating};

  EXPECT_THAT(failure_of([&] { handle(ingest, event_of({put_record("a", 1, stream_of("New"))})); }),
              HasSubstr("no_such_table"));
}

TEST_F(IngestTest, ReloadsTheCatalogueWhenAReplicaWasMadeAnew) {
  Ingest ingest{options()};
  handle(ingest, put_event("a", 1));
  query("DROP TABLE " + orders.targets.front().qualified_name());
  query("DROP TABLE " + orders.targets.front().tombstones);
  query(fmt::format("DELETE FROM {}.replica", state_schema()));
  make_replica(keys(KeyType::S), "orders");

  handle(ingest, put_event("b", 2));

  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "b");
}

TEST_F(IngestTest, MakesTheReplicaAnewWhenTheWholeStateSchemaWasDropped) {
  IngestOptions creating = options();
  creating.create_replica = [&](pg::Connection&, const std::string&, const std::stop_token&) {
    make_replica(keys(KeyType::S), "orders");
  };
  Ingest ingest{creating};
  handle(ingest, put_event("a", 1));
  query("DROP TABLE " + orders.targets.front().qualified_name());
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));

  EXPECT_THAT(failure_of([&] { handle(ingest, put_event("b", 2)); }), HasSubstr("transient: "));
  handle(ingest, put_event("b", 2));

  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "b");
}

TEST_F(IngestTest, MakesTheRowsAnewWhenTheMappingHasChanged) {
  Ingest ingest{options()};
  handle(ingest, put_event("a", 1));
  query(fmt::format("UPDATE {}.replica SET mapping = mapping + 1", state_schema()));

  handle(ingest, put_event("b", 2));

  EXPECT_EQ(query("SELECT pk FROM orders ORDER BY pk"), "a\nb");
}

TEST_F(IngestTest, AsksForARepeatWhenAReplicaWasMadeAnewWithAnotherKey) {
  Ingest ingest{options()};
  handle(ingest, put_event("a", 1));
  query("DROP TABLE " + orders.targets.front().qualified_name());
  query("DROP TABLE " + orders.targets.front().tombstones);
  query(fmt::format("DELETE FROM {}.replica", state_schema()));
  make_replica(keys(KeyType::N), "orders");
  const std::string event = event_of(
      {record_of("INSERT", stream_of("orders"), R"({"pk":{"N":"5"}})", R"({"pk":{"N":"5"}})", 2)});

  // Read by the old key, the records are refused; nothing of that is committed.
  EXPECT_THAT(failure_of([&] { handle(ingest, event); }), HasSubstr("transient: "));
  handle(ingest, event);

  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "5");
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(IngestTest, TheFirstReplicaOfADatabaseMayBeMadeByAnEvent) {
  query(fmt::format("DROP TABLE {}", orders.targets.front().qualified_name()));
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  IngestOptions creating = options();
  creating.create_replica = [&](pg::Connection&, const std::string&, const std::stop_token&) {
    make_replica(keys(KeyType::S), "orders");
  };
  Ingest ingest{creating};
  ingest.prepare({});

  handle(ingest, put_event("a", 1));

  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "a");
}

}  // namespace
}  // namespace dynamite::test
