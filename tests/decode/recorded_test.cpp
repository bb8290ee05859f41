#include <gmock/gmock.h>

#include "decode/records.hpp"
#include "json/text.hpp"
#include "support/errors.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

using test::decode_recording;
using test::event_of;
using test::failure_of;
using test::key_schema;
using test::only;
using test::RecordText;
using test::source_table;
using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

Batch decode(std::string input) {
  return only(decode_recording(std::move(input), source_table(key_schema(KeyType::S))).batches);
}

/// Where the records are that are not there, a line a range.
std::vector<std::string> ranges(std::string input) {
  std::vector<std::string> texts;
  for (const RecordRange& range :
       decode_recording(std::move(input), source_table(key_schema(KeyType::S))).ranges)
    texts.push_back(fmt::format("{} {} {} {}", range.stream_arn, range.shard_id,
                                range.first_sequence_number, range.last_sequence_number));
  return texts;
}

std::string numbered(int sequence_number) {
  return RecordText{.sequence_number = fmt::format("\"{}\"", sequence_number)}.json();
}

std::vector<std::string> records_of(const Batch& batch) {
  std::vector<std::string> records;
  for (const Change& change : batch.changes) records.emplace_back(change.record);
  return records;
}

TEST(Recorded, MayBeOneEvent) {
  EXPECT_THAT(records_of(decode(event_of({numbered(1), numbered(2)}))),
              ElementsAre(numbered(1), numbered(2)));
}

TEST(Recorded, MayBeOneEventOverManyLines) {
  const std::string event = test::read_testdata("events/synthetic/lambda-exponent-timestamp.json") +
                            "\n\n" +
                            test::read_testdata("events/synthetic/lambda-nested-31-maps.json");

  EXPECT_THAT(decode(event).changes, SizeIs(2));
}

TEST(Recorded, MayBeLinesOfRecordsAndEvents) {
  const std::string input =
      numbered(1) + "\n" + event_of({numbered(2), numbered(3)}) + "\r\n\n" + numbered(4) + "\n";

  EXPECT_THAT(records_of(decode(input)),
              ElementsAre(numbered(1), numbered(2), numbered(3), numbered(4)));
}

TEST(Recorded, MayBeObjectsOfAnOnFailureDestination) {
  const std::string object = test::read_testdata("events/synthetic/esm-onfailure-s3-object.json");
  const std::string with_string =
      test::read_testdata("events/synthetic/esm-onfailure-s3-object-string-payload.json");

  const Batch batch = decode(object + "\n" + with_string);

  ASSERT_THAT(batch.changes, SizeIs(2));
  EXPECT_THAT(batch.rejected, IsEmpty());
  EXPECT_EQ(batch.changes[0].version, batch.changes[1].version);
  EXPECT_EQ(batch.changes[0].key, batch.changes[1].key);
}

constexpr const char* kRange =
    "arn:aws:dynamodb:us-east-1:111122223333:table/Orders/stream/2026-01-15T12:00:00.123 "
    "shardId-00000001768478400123-864758bb 100000000003126276362 100000000003126276406";

TEST(Recorded, AReportWithoutItsRecordsSaysWhereTheyAre) {
  const std::string sqs = test::read_testdata("events/synthetic/esm-onfailure-sqs-body.json");
  const std::string sns = R"({"Type":"Notification","MessageId":"1","Message":)" +
                          json_string(sqs) + R"(,"Timestamp":"2026-01-15T12:10:49.717Z"})";
  const std::string received = R"({"Messages":[{"MessageId":"1","Body":)" + json_string(sqs) +
                               R"(},{"Body":)" + json_string(sns) + "}]}";

  EXPECT_THAT(ranges(sqs), ElementsAre(kRange));
  EXPECT_THAT(ranges(sns), ElementsAre(kRange));
  EXPECT_THAT(ranges(received), ElementsAre(kRange, kRange));
  EXPECT_THAT(ranges(numbered(1) + "\n" + sns + "\n" + numbered(2)), ElementsAre(kRange));
  EXPECT_THAT(decode(sqs).changes, IsEmpty());
  EXPECT_THAT(ranges(test::read_testdata("events/synthetic/esm-onfailure-s3-object.json")),
              IsEmpty());
}

TEST(Recorded, AReportWithoutAPlaceIsSetAside) {
  const Batch batch =
      decode(numbered(1) + "\n" + R"({"DDBStreamBatchInfo":{"shardId":"s","streamArn":7}})" + "\n");

  ASSERT_THAT(batch.rejected, SizeIs(1));
  EXPECT_THAT(batch.rejected[0].reason, HasSubstr("without streamArn, shardId"));
}

TEST(Recorded, MayBeEmpty) {
  EXPECT_THAT(decode("").changes, IsEmpty());
  EXPECT_THAT(decode(" \n\n").changes, IsEmpty());
}

TEST(Recorded, TakesALineOfManyMegabytes) {
  const std::string large(8'000'000, 'x');
  const RecordText record{.new_image = R"({"pk":{"S":"a"},"x":{"S":")" + large + R"("}})"};

  const Batch batch = decode(numbered(1) + "\n" + record.json() + "\n" + numbered(2));

  EXPECT_THAT(records_of(batch), ElementsAre(numbered(1), record.json(), numbered(2)));
}

TEST(Recorded, SetsABrokenLineAside) {
  const std::string cut = numbered(2).substr(0, 100);
  for (const std::string& line :
       {cut, std::string{"not json"}, std::string{"[1"}, std::string{"}"}}) {
    const Batch batch = decode(numbered(1) + "\n" + line + "\n" + numbered(3) + "\n");

    EXPECT_THAT(records_of(batch), ElementsAre(numbered(1), numbered(3))) << line;
    ASSERT_THAT(batch.rejected, SizeIs(1)) << line;
    EXPECT_EQ(batch.rejected[0].record, line);
    EXPECT_THAT(batch.rejected[0].reason,
                AnyOf(StartsWith("not JSON"), HasSubstr("where an object must be")));
  }
}

TEST(Recorded, SetsABrokenLastLineAside) {
  const Batch batch = decode(numbered(1) + "\n" + numbered(2).substr(0, 100));

  EXPECT_THAT(records_of(batch), ElementsAre(numbered(1)));
  EXPECT_THAT(batch.rejected, SizeIs(1));
}

TEST(Recorded, SetsABrokenRecordAside) {
  const std::string bad = RecordText{.name = R"("UPSERT")"}.json();

  const Batch batch = decode(numbered(1) + "\n" + bad + "\n" + numbered(3));

  EXPECT_THAT(records_of(batch), ElementsAre(numbered(1), numbered(3)));
  ASSERT_THAT(batch.rejected, SizeIs(1));
  EXPECT_EQ(batch.rejected[0].record, bad);
}

TEST(Recorded, InputThatIsNoJsonLinesIsAUsageError) {
  EXPECT_THAT(failure_of([] {
                decode(test::read_testdata("events/aws-lambda-go/dynamodb-event-malformed.2.json"));
              }),
              StartsWith("usage: input is not JSON"));
  EXPECT_THAT(failure_of([] { decode("hello\n"); }),
              AllOf(StartsWith("usage: no stream record tells its table"), HasSubstr("not JSON")));
  EXPECT_THAT(failure_of([] { decode(numbered(1) + "\n\xFF\n"); }),
              StartsWith("usage: input is not JSON: the text is not UTF-8"));
}

/// A line each: place, what it is.
std::vector<std::string> strange(std::string input, const RecordedOptions& options = {}) {
  std::vector<std::string> texts;
  for (const StrangeDocument& document :
       decode_recording(std::move(input), source_table(key_schema(KeyType::S)), options).strange)
    texts.push_back(document.place + ": " + document.what);
  return texts;
}

TEST(Recorded, MayBeAnArrayOfRecordsInAnyLayout) {
  const std::string records = numbered(1) + ",\n" + numbered(2);
  for (const std::string& input :
       {"[" + records + "]", "[\n" + records + "\n]\n",
        "[" + numbered(1) + "][" + numbered(2) + "]", "[[" + records + "]]",
        "[" + event_of({numbered(1), numbered(2)}) + "]", "[]\n[" + records + "]"}) {
    EXPECT_THAT(records_of(decode(input)), ElementsAre(numbered(1), numbered(2))) << input;
    EXPECT_THAT(strange(input), IsEmpty());
  }
}

TEST(Recorded, AStrangeDocumentIsNamedByItsPlaceAndTheOthersGoOn) {
  const std::string input = numbered(1) + "\n{\"a\":1}\n[" + numbered(2) + ",\n{\"Item\":{}},7]\n" +
                            event_of({numbered(3)}) + "\nnull\n";

  EXPECT_THAT(records_of(decode(input)), ElementsAre(numbered(1), numbered(2), numbered(3)));
  EXPECT_THAT(decode(input).rejected, IsEmpty());
  EXPECT_THAT(strange(input, {.first_line = 10}),
              ElementsAre("line 11: event is no DynamoDB stream event: it has no Records",
                          "line 13, element 2: event is no DynamoDB stream event, but a line of a "
                          "table export",
                          HasSubstr("line 13, element 3: "), HasSubstr("line 15: ")));
}

TEST(Recorded, AStrangeMessageIsNamedByItsId) {
  const std::string input = R"({"Messages":[{"MessageId":"m1","Body":)" + json_string(numbered(1)) +
                            R"(},{"MessageId":"m2","Body":"{\"a\":1}"}]})";

  EXPECT_THAT(records_of(decode(input)), SizeIs(1));
  EXPECT_THAT(strange(input),
              ElementsAre("line 1, MessageId \"m2\": event is no DynamoDB stream event: it has no "
                          "Records"));
}

TEST(Recorded, WhatIsRecognisedIsNamedAsWhatItIs) {
  const auto of = [](const char* name) {
    return strange(test::read_testdata(std::string{"events/synthetic/"} + name));
  };
  EXPECT_THAT(of("kinesis-record-content.json"), ElementsAre(HasSubstr("Kinesis data stream")));
  EXPECT_THAT(of("export-lines.json"), ElementsAre(HasSubstr("line 1: event is no DynamoDB stream "
                                                             "event, but a line of a table export"),
                                                   HasSubstr("line 2: ")));
  EXPECT_THAT(of("esm-onfailure-kinesis-body.json"),
              ElementsAre(HasSubstr("an on-failure report of a Kinesis stream")));
  EXPECT_THAT(strange(test::read_testdata("events/aws-lambda-go/sqs-event.json")),
              ElementsAre(HasSubstr("event comes from \"aws:sqs\"")));
}

TEST(Recorded, OutputOfGetRecordsNeedsItsStreamNamed) {
  const std::string output = test::read_testdata("events/synthetic/get-records-output.json");
  constexpr const char* kArn =
      "arn:aws:dynamodb:us-east-1:111122223333:table/Orders/stream/2026-01-15T12:00:00.123";

  EXPECT_THAT(strange(output), ElementsAre(HasSubstr("records do not name their stream")));
  const Recorded recorded =
      decode_recording(output, source_table(key_schema(KeyType::S)), {.stream_arn = kArn});
  EXPECT_THAT(recorded.strange, IsEmpty());
  ASSERT_THAT(recorded.batches, SizeIs(1));
  ASSERT_THAT(recorded.batches[0].changes, SizeIs(1));
  EXPECT_EQ(recorded.batches[0].changes[0].version.generation(), "1768478400123");
}

TEST(Recorded, NamesTheTablesThatAreUnknownAndDecodesNothingElse) {
  const std::string other = test::kTableArn + "2";
  const std::string record =
      RecordText{.arn = '"' + other + "/stream/2026-01-15T12:00:00.123\""}.json();
  const auto text = std::make_shared<const std::string>(numbered(1) + "\n{\"strange\":1}\n" +
                                                        record + "\n" + numbered(2) + "\n");

  const Recorded recorded = decode_recorded(text, {});

  EXPECT_THAT(recorded.unknown_tables, ElementsAre(test::kTableArn, other));
  EXPECT_THAT(recorded.batches, IsEmpty());
  EXPECT_THAT(recorded.strange, IsEmpty());
}

TEST(Recorded, NothingStaysOfAStrangeDocumentOfSeveralTables) {
  const auto of = [](const std::string& table, int number) {
    return RecordText{.arn = '"' + test::kTableArn + table + "/stream/2026-01-15T12:00:00.123\"",
                      .sequence_number = fmt::format("\"{}\"", number)}
        .json();
  };
  const std::string kinesis = RecordText{.source = R"("aws:kinesis")"}.json();
  const KnownTables tables{{test::kTableArn + "A", source_table(key_schema(KeyType::S))},
                           {test::kTableArn + "B", source_table(key_schema(KeyType::S))}};
  const auto text = std::make_shared<const std::string>(
      of("A", 1) + of("B", 2) + event_of({of("A", 3), of("B", 4), kinesis}) + of("A", 5) +
      of("B", 6));

  const Recorded recorded = decode_recorded(text, tables);

  EXPECT_THAT(recorded.strange, SizeIs(1));
  ASSERT_THAT(recorded.batches, SizeIs(2));
  EXPECT_THAT(records_of(recorded.batches[0]), ElementsAre(of("A", 1), of("A", 5)));
  EXPECT_THAT(records_of(recorded.batches[1]), ElementsAre(of("B", 2), of("B", 6)));
}

}  // namespace
}  // namespace dynamite
