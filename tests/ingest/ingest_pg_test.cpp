#include <gmock/gmock.h>

#include "ingest/fixture.hpp"
#include "ingest/ingest.hpp"
#include "replica/state/follower.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(HandlerTest, AppliesTheRecordsOfAnEvent) {
  Handler handler{options()};

  const HandlerOutcome outcome =
      handle(handler, event_of({put_record("a", 1), put_record("b", 2), remove_record("a", 3)}));

  EXPECT_EQ(outcome.records, 3U);
  EXPECT_EQ(outcome.changes, 2U);
  EXPECT_EQ(outcome.applied, 2U);
  EXPECT_EQ(query("SELECT pk, item->>'v' FROM " + orders.qualified_name()), "b|2");
}

std::string record_of_keys_only(const std::string& key) {
  RecordText record;
  record.arn = "\"" + stream_of("orders") + "\"";
  record.keys = fmt::format(R"({{"pk":{{"S":"{}"}}}})", key);
  record.new_image = "";
  record.view_type = R"("KEYS_ONLY")";
  return record.json();
}

TEST_F(HandlerTest, RecordsWithoutImagesAreReadBack) {
  HandlerOptions reading = options();
  reading.read_back = [](const Batch& batch, std::uint16_t, const std::stop_token&) {
    static const std::string found = item("a", "now");
    Batch now;
    now.tables = batch.tables;
    now.changes = batch.changes;
    for (Change& change : now.changes) change.image = found;
    return now;
  };
  Handler handler{reading};

  handle(handler, event_of({record_of_keys_only("a")}));

  EXPECT_EQ(query("SELECT pk, item->>'v' FROM " + orders.qualified_name()), "a|now");
}

TEST_F(HandlerTest, RecordsWithoutImagesAreRefusedWhereNobodyReadsThemBack) {
  Handler handler{options()};

  EXPECT_EQ(failure_of([&] { handle(handler, event_of({record_of_keys_only("a")})); }),
            "usage: the stream carries no new images, and the items are not read back");
}

TEST_F(HandlerTest, AnEventWithoutRecordsIsFine) {
  Handler handler{options()};

  EXPECT_EQ(handle(handler, R"({"Records":[]})").records, 0U);
}

TEST_F(HandlerTest, AppliesRecordsOfSeveralTablesOfWhichSomeAreNewToIt) {
  Handler handler{options()};
  handler.prepare({});
  const ReplicaTable other = make_replica(keys(KeyType::N), "other");

  handle(handler, event_of({put_record("a", 1),
                            record_of("INSERT", stream_of("other"), R"({"pk":{"N":"7"}})",
                                      R"({"pk":{"N":"7"}})", 2),
                            put_record("b", 3)}));

  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name() + " ORDER BY pk"), "a\nb");
  EXPECT_EQ(query("SELECT pk FROM " + other.qualified_name()), "7");
}

TEST_F(HandlerTest, ARepeatChangesNothing) {
  Handler handler{options()};
  handle(handler, put_event("a", 1));
  const std::string before = query("SELECT xmin, * FROM " + orders.qualified_name());

  const HandlerOutcome outcome = handle(handler, put_event("a", 1));

  EXPECT_EQ(outcome.records, 1U);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(query("SELECT xmin, * FROM " + orders.qualified_name()), before);
}

TEST_F(HandlerTest, ALateRepeatBringsNothingBack) {
  Handler handler{options()};
  handle(handler, put_event("a", 1));
  handle(handler, put_event("b", 2));
  handle(handler, remove_event("a", 3));
  handle(handler, put_event("b", 4));

  handle(handler, event_of({put_record("a", 1), put_record("b", 2)}));

  EXPECT_EQ(query("SELECT pk, item->>'v' FROM " + orders.qualified_name()), "b|4");
}

TEST_F(HandlerTest, RefusesEventsThatAreNoStreamEvents) {
  Handler handler{options()};
  const std::string kinesis =
      R"({"Records":[{"kinesis":{"data":"e30=","sequenceNumber":"1"},"eventSource":"aws:kinesis",)"
      R"("eventSourceARN":"arn:aws:kinesis:us-east-1:1:stream/x"}]})";
  const std::string sqs = R"({"Records":[{"messageId":"1","body":"{}","eventSource":"aws:sqs"}]})";

  EXPECT_THAT(failure_of([&] { handle(handler, kinesis); }),
              AllOf(HasSubstr("usage: "), HasSubstr("aws:kinesis")));
  EXPECT_THAT(failure_of([&] { handle(handler, sqs); }),
              AllOf(HasSubstr("usage: "), HasSubstr("aws:sqs")));
  EXPECT_THAT(failure_of([&] { handle(handler, "null"); }), HasSubstr("usage: "));
}

TEST_F(HandlerTest, ARecordThatPostgresRefusesIsSetAsideAndTheRestApplied) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')", orders.qualified_name()));
  Handler handler{options()};

  const HandlerOutcome outcome =
      handle(handler, event_of({put_record("bad", 1), put_record("good", 2)}));

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name()), "good");
}

TEST_F(HandlerTest, WithOnPoisonStopARecordThatPostgresRefusesFailsTheEvent) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')", orders.qualified_name()));
  HandlerOptions stopping = options();
  stopping.apply.on_poison = OnPoison::stop;
  Handler handler{stopping};

  const std::string failure = failure_of([&] {
    handle(handler, event_of({put_record("bad", 1), put_record("good", 2)}));
  });

  EXPECT_THAT(failure, HasSubstr("poison: "));
  EXPECT_THAT(failure, ::testing::Not(HasSubstr("bad")));
  EXPECT_EQ(rows(), "");
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(HandlerTest, ReportsTheFirstRecordThatPostgresRefusesAndKeepsWhatComesBefore) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')", orders.qualified_name()));
  HandlerOptions reporting = options();
  reporting.apply.on_poison = OnPoison::stop;
  reporting.report_batch_item_failures = true;
  Handler handler{reporting};

  const HandlerOutcome outcome =
      handle(handler, event_of({put_record("a", 1), put_record("b", 2), put_record("bad", 3),
                                put_record("c", 4), put_record("a", 5)}));

  ASSERT_TRUE(outcome.first_failure);
  EXPECT_EQ(outcome.first_failure->sequence_number, "3");
  EXPECT_THAT(outcome.first_failure->reason, ::testing::Not(HasSubstr("bad")));
  EXPECT_EQ(outcome.records, 2U);
  EXPECT_EQ(
      query(fmt::format(
          "SELECT string_agg(pk, ',' ORDER BY pk) FROM {} WHERE _version % 10 = 1 OR pk <> 'a'",
          orders.qualified_name())),
      "a,b");
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(HandlerTest, WithQuarantineThereIsNothingToReport) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')", orders.qualified_name()));
  HandlerOptions reporting = options();
  reporting.report_batch_item_failures = true;
  Handler handler{reporting};

  const HandlerOutcome outcome =
      handle(handler, event_of({put_record("bad", 1), put_record("good", 2)}));

  EXPECT_FALSE(outcome.first_failure);
  EXPECT_EQ(outcome.dead_letters, 1U);
}

TEST_F(HandlerTest, MeasuresItsWork) {
  Handler handler{options()};

  const HandlerOutcome first = handle(handler, put_event("a", 1));
  const HandlerOutcome second = handle(handler, put_event("a", 2));

  EXPECT_EQ(first.connects, 1U);
  EXPECT_EQ(second.connects, 0U);
  EXPECT_GT(second.in_postgres.count(), 0);
  EXPECT_TRUE(second.newest);
}

TEST_F(HandlerTest, IsRefusedWhereADaemonFollows) {
  Handler handler{options()};
  handler.prepare({});
  take_over(*connection, orders, {});

  const Error error = error_of([&] { handle(handler, put_event("a", 1)); });

  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_THAT(error.what(), HasSubstr("a daemon follows \"orders\""));
  EXPECT_EQ(rows(), "");
}

TEST_F(HandlerTest, TakesRecordedEventsAndRecordsAsJsonLines) {
  Handler handler{options()};
  const std::string lines = put_event("a", 1) + "\n" + put_record("b", 2) + "\n\n" +
                            event_of({put_record("c", 3), remove_record("a", 4)}) + "\n";

  const HandlerOutcome outcome = handler.handle_decoded(
      [&](const TableLookup& lookup) { return decode_recorded(lines, lookup).batch; },
      std::chrono::system_clock::now() + 60s);

  EXPECT_EQ(outcome.records, 4U);
  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name() + " ORDER BY pk"), "b\nc");
}

}  // namespace
}  // namespace dynamite::test
