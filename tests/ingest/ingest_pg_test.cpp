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

TEST_F(IngestTest, AppliesTheRecordsOfAnEvent) {
  Ingest ingest{options()};

  const IngestOutcome outcome =
      handle(ingest, event_of({put_record("a", 1), put_record("b", 2), remove_record("a", 3)}));

  EXPECT_EQ(outcome.records, 3U);
  EXPECT_EQ(outcome.changes, 2U);
  EXPECT_EQ(outcome.applied, 2U);
  EXPECT_EQ(query("SELECT pk, item->>'v' FROM " + orders.targets.front().qualified_name()), "b|2");
}

std::string record_of_keys_only(const std::string& key) {
  RecordText record;
  record.arn = "\"" + stream_of("orders") + "\"";
  record.keys = fmt::format(R"({{"pk":{{"S":"{}"}}}})", key);
  record.new_image = "";
  record.view_type = R"("KEYS_ONLY")";
  return record.json();
}

TEST_F(IngestTest, RecordsWithoutImagesAreReadBack) {
  IngestOptions reading = options();
  reading.read_back = [](const Batch& batch, const std::stop_token&) {
    static const std::string found = item("a", "now");
    Batch now;
    now.table = batch.table;
    now.changes = batch.changes;
    for (Change& change : now.changes) change.image = found;
    return now;
  };
  Ingest ingest{reading};

  handle(ingest, event_of({record_of_keys_only("a")}));

  EXPECT_EQ(query("SELECT pk, item->>'v' FROM " + orders.targets.front().qualified_name()),
            "a|now");
}

TEST_F(IngestTest, RecordsWithoutImagesAreRefusedWhereNobodyReadsThemBack) {
  Ingest ingest{options()};

  EXPECT_EQ(failure_of([&] { handle(ingest, event_of({record_of_keys_only("a")})); }),
            "usage: the stream carries no new images, and the items are not read back");
}

TEST_F(IngestTest, AnEventWithoutRecordsIsFine) {
  Ingest ingest{options()};

  EXPECT_EQ(handle(ingest, R"({"Records":[]})").records, 0U);
}

TEST_F(IngestTest, AppliesRecordsOfSeveralTablesOfWhichSomeAreNewToIt) {
  Ingest ingest{options()};
  ingest.prepare({});
  const Replica other = make_replica(keys(KeyType::N), "other");

  handle(ingest, event_of({put_record("a", 1),
                           record_of("INSERT", stream_of("other"), R"({"pk":{"N":"7"}})",
                                     R"({"pk":{"N":"7"}})", 2),
                           put_record("b", 3)}));

  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name() + " ORDER BY pk"),
            "a\nb");
  EXPECT_EQ(query("SELECT pk FROM " + other.targets.front().qualified_name()), "7");
}

TEST_F(IngestTest, ARepeatChangesNothing) {
  Ingest ingest{options()};
  handle(ingest, put_event("a", 1));
  const std::string before =
      query("SELECT xmin, * FROM " + orders.targets.front().qualified_name());

  const IngestOutcome outcome = handle(ingest, put_event("a", 1));

  EXPECT_EQ(outcome.records, 1U);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(query("SELECT xmin, * FROM " + orders.targets.front().qualified_name()), before);
}

TEST_F(IngestTest, ALateRepeatBringsNothingBack) {
  Ingest ingest{options()};
  handle(ingest, put_event("a", 1));
  handle(ingest, put_event("b", 2));
  handle(ingest, remove_event("a", 3));
  handle(ingest, put_event("b", 4));

  handle(ingest, event_of({put_record("a", 1), put_record("b", 2)}));

  EXPECT_EQ(query("SELECT pk, item->>'v' FROM " + orders.targets.front().qualified_name()), "b|4");
}

TEST_F(IngestTest, RefusesEventsThatAreNoStreamEvents) {
  Ingest ingest{options()};
  const std::string kinesis =
      R"({"Records":[{"kinesis":{"data":"e30=","sequenceNumber":"1"},"eventSource":"aws:kinesis",)"
      R"("eventSourceARN":"arn:aws:kinesis:us-east-1:1:stream/x"}]})";
  const std::string sqs = R"({"Records":[{"messageId":"1","body":"{}","eventSource":"aws:sqs"}]})";

  EXPECT_THAT(failure_of([&] { handle(ingest, kinesis); }),
              AllOf(HasSubstr("usage: "), HasSubstr("aws:kinesis")));
  EXPECT_THAT(failure_of([&] { handle(ingest, sqs); }),
              AllOf(HasSubstr("usage: "), HasSubstr("aws:sqs")));
  EXPECT_THAT(failure_of([&] { handle(ingest, "null"); }), HasSubstr("usage: "));
}

TEST_F(IngestTest, ARecordThatPostgresRefusesIsSetAsideAndTheRestApplied) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')",
                    orders.targets.front().qualified_name()));
  Ingest ingest{options()};

  const IngestOutcome outcome =
      handle(ingest, event_of({put_record("bad", 1), put_record("good", 2)}));

  EXPECT_EQ(outcome.dead_letters, 1U);
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "good");
}

TEST_F(IngestTest, WithOnPoisonStopARecordThatPostgresRefusesFailsTheEvent) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')",
                    orders.targets.front().qualified_name()));
  IngestOptions stopping = options();
  stopping.apply.on_poison = OnPoison::stop;
  Ingest ingest{stopping};

  const std::string failure = failure_of([&] {
    handle(ingest, event_of({put_record("bad", 1), put_record("good", 2)}));
  });

  EXPECT_THAT(failure, HasSubstr("poison: "));
  EXPECT_THAT(failure, ::testing::Not(HasSubstr("bad")));
  EXPECT_EQ(rows(), "");
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(IngestTest, ReportsTheFirstRecordThatPostgresRefusesAndKeepsWhatComesBefore) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')",
                    orders.targets.front().qualified_name()));
  IngestOptions reporting = options();
  reporting.apply.on_poison = OnPoison::stop;
  reporting.report_batch_item_failures = true;
  Ingest ingest{reporting};

  const IngestOutcome outcome =
      handle(ingest, event_of({put_record("a", 1), put_record("b", 2), put_record("bad", 3),
                               put_record("c", 4), put_record("a", 5)}));

  ASSERT_TRUE(outcome.first_failure);
  EXPECT_EQ(outcome.first_failure->sequence_number, "3");
  EXPECT_THAT(outcome.first_failure->reason, ::testing::Not(HasSubstr("bad")));
  EXPECT_EQ(outcome.records, 2U);
  EXPECT_EQ(
      query(fmt::format(
          "SELECT string_agg(pk, ',' ORDER BY pk) FROM {} WHERE _version % 10 = 1 OR pk <> 'a'",
          orders.targets.front().qualified_name())),
      "a,b");
  EXPECT_EQ(dead_letters(), "");
}

TEST_F(IngestTest, WithQuarantineThereIsNothingToReport) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')",
                    orders.targets.front().qualified_name()));
  IngestOptions reporting = options();
  reporting.report_batch_item_failures = true;
  Ingest ingest{reporting};

  const IngestOutcome outcome =
      handle(ingest, event_of({put_record("bad", 1), put_record("good", 2)}));

  EXPECT_FALSE(outcome.first_failure);
  EXPECT_EQ(outcome.dead_letters, 1U);
}

TEST_F(IngestTest, MeasuresItsWork) {
  Ingest ingest{options()};

  const IngestOutcome first = handle(ingest, put_event("a", 1));
  const IngestOutcome second = handle(ingest, put_event("a", 2));

  EXPECT_EQ(first.connects, 1U);
  EXPECT_EQ(second.connects, 0U);
  EXPECT_GT(second.in_postgres.count(), 0);
  EXPECT_TRUE(second.newest);
}

TEST_F(IngestTest, IsRefusedWhereADaemonFollows) {
  Ingest ingest{options()};
  ingest.prepare({});
  take_over(*connection, orders, {});

  const Error error = error_of([&] { handle(ingest, put_event("a", 1)); });

  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_THAT(error.what(), HasSubstr("a daemon follows \"orders\""));
  EXPECT_EQ(rows(), "");
}

TEST_F(IngestTest, TakesRecordedEventsAndRecordsAsJsonLines) {
  BatchApplier applier{options()};
  const auto lines = std::make_shared<const std::string>(
      put_event("a", 1) + "\n" + put_record("b", 2) + "\n\n" +
      event_of({put_record("c", 3), remove_record("a", 4)}) + "\n");

  IngestCall call{.deadline = std::chrono::system_clock::now() + 60s, .stop = {}};
  const Recorded recorded = applier.decode(
      [&](const KnownTables& tables) { return decode_recorded(lines, tables); }, call);
  const ApplyOutcome outcome = applier.apply(recorded.batches.at(0), call);

  EXPECT_EQ(outcome.records, 4U);
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name() + " ORDER BY pk"),
            "b\nc");
}

}  // namespace
}  // namespace dynamite::test
