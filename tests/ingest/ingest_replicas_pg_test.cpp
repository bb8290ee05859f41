#include <gmock/gmock.h>

#include "ingest/fixture.hpp"
#include "replica/state/catalogue.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(HandlerTest, WithoutAReplicaSaysToRunBootstrap) {
  Handler handler{options()};

  const Error error =
      error_of([&] { handle(handler, event_of({put_record("a", 1, stream_of("Unknown"))})); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_STREQ(error.what(),
               "no replica belongs to arn:aws:dynamodb:us-east-1:111122223333:table/Unknown");
  EXPECT_EQ(error.hint(), "run `dynamite bootstrap`");
}

TEST_F(HandlerTest, RefusesATableOfTheSameNameInAnotherAccountNamingBoth) {
  Handler handler{options()};
  const std::string stream =
      "arn:aws:dynamodb:us-east-1:999999999999:table/orders/stream/2026-01-15T12:00:00.123";

  const Error error = error_of([&] { handle(handler, event_of({put_record("a", 1, stream)})); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(":999999999999:table/orders"),
                                  HasSubstr(":111122223333:table/orders")));
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.qualified_name()), "0");
}

TEST_F(HandlerTest, WithoutAStateSchemaSaysToRunBootstrap) {
  HandlerOptions elsewhere = options();
  elsewhere.state_schema = "nowhere";
  Handler handler{elsewhere};

  const Error error = error_of([&] { handle(handler, put_event("a", 1)); });

  EXPECT_THAT(error.what(), HasSubstr("\"nowhere\""));
  EXPECT_EQ(error.hint(), "run `dynamite bootstrap`");
}

TEST_F(HandlerTest, MakesAMissingReplicaWhereItMay) {
  HandlerOptions creating = options();
  int created = 0;
  creating.create_replica = [&](pg::Connection&, const std::string&, const std::stop_token&) {
    ++created;
    make_replica(keys(KeyType::S), "New");
  };
  Handler handler{creating};

  handle(handler, event_of({put_record("a", 1, stream_of("New"))}));
  handle(handler, event_of({put_record("b", 2, stream_of("New"))}));

  EXPECT_EQ(created, 1);
  EXPECT_EQ(query("SELECT pk FROM " + schema() + ".\"New\" ORDER BY pk"), "a\nb");
}

TEST_F(HandlerTest, FindsTheReplicaThatAnotherMadeAtTheSameTime) {
  HandlerOptions creating = options();
  creating.create_replica = [&](pg::Connection& own, const std::string&, const std::stop_token&) {
    Catalogue catalogue{own, state_schema()};
    const auto sql = catalogue.plan_replica(wanted_replica(keys(KeyType::S), "New")).sql;
    if (!sql.empty()) make_replica(keys(KeyType::S), "New");  // after our plan was made
    catalogue.execute(sql);
  };
  Handler handler{creating};

  handle(handler, event_of({put_record("a", 1, stream_of("New"))}));

  EXPECT_EQ(query("SELECT pk FROM " + schema() + ".\"New\""), "a");
}

TEST_F(HandlerTest, SaysWhyAReplicaCannotBeMade) {
  HandlerOptions creating = options();
  creating.create_replica = [](pg::Connection& own, const std::string&, const std::stop_token&) {
    own.run("SELECT * FROM no_such_table");
  };
  Handler handler{creating};

  EXPECT_THAT(
      failure_of([&] { handle(handler, event_of({put_record("a", 1, stream_of("New"))})); }),
      HasSubstr("no_such_table"));
}

TEST_F(HandlerTest, ReloadsTheCatalogueWhenAReplicaWasMadeAnew) {
  Handler handler{options()};
  handle(handler, put_event("a", 1));
  query("DROP TABLE " + orders.qualified_name());
  query("DROP TABLE " + orders.tombstones());
  query(fmt::format("DELETE FROM {}.replica", state_schema()));
  make_replica(keys(KeyType::S), "orders");

  handle(handler, put_event("b", 2));

  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name()), "b");
}

TEST_F(HandlerTest, AsksForARepeatWhenAReplicaWasMadeAnewWithAnotherKey) {
  Handler handler{options()};
  handle(handler, put_event("a", 1));
  query("DROP TABLE " + orders.qualified_name());
  query("DROP TABLE " + orders.tombstones());
  query(fmt::format("DELETE FROM {}.replica", state_schema()));
  make_replica(keys(KeyType::N), "orders");
  const std::string event = event_of(
      {record_of("INSERT", stream_of("orders"), R"({"pk":{"N":"5"}})", R"({"pk":{"N":"5"}})", 2)});

  // Read by the old key, the records are refused; nothing of that is committed.
  EXPECT_THAT(failure_of([&] { handle(handler, event); }), HasSubstr("transient: "));
  handle(handler, event);

  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name()), "5");
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(HandlerTest, TheFirstReplicaOfADatabaseMayBeMadeByAnEvent) {
  query(fmt::format("DROP TABLE {}", orders.qualified_name()));
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  HandlerOptions creating = options();
  creating.create_replica = [&](pg::Connection&, const std::string&, const std::stop_token&) {
    make_replica(keys(KeyType::S), "orders");
  };
  Handler handler{creating};
  handler.prepare({});

  handle(handler, put_event("a", 1));

  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name()), "a");
}

}  // namespace
}  // namespace dynamite::test
