#include <gmock/gmock.h>

#include "decode/records.hpp"
#include "support/errors.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

using test::always;
using test::event_of;
using test::failure_of;
using test::key_schema;
using test::RecordText;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

Batch decode(std::string input) {
  return decode_recorded(std::move(input), always(key_schema(KeyType::S)));
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

TEST(Recorded, RefusesAnOnFailureReportWithoutItsRecords) {
  EXPECT_THAT(failure_of([] {
                decode(test::read_testdata("events/synthetic/esm-onfailure-sqs-body.json"));
              }),
              HasSubstr("only the destination S3 keeps"));
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
       {cut, std::string{"not json"}, std::string{"[1]"}, std::string{"}"}}) {
    const Batch batch = decode(numbered(1) + "\n" + line + "\n" + numbered(3) + "\n");

    EXPECT_THAT(records_of(batch), ElementsAre(numbered(1), numbered(3))) << line;
    ASSERT_THAT(batch.rejected, SizeIs(1)) << line;
    EXPECT_EQ(batch.rejected[0].record, line);
    EXPECT_THAT(batch.rejected[0].reason, StartsWith("not JSON"));
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

TEST(Recorded, LineThatIsNoRecordIsAUsageErrorThatSaysWhatItIs) {
  EXPECT_THAT(failure_of([] { decode(numbered(1) + "\n{\"a\":1}\n"); }),
              StartsWith("usage: event is no DynamoDB stream event"));
  EXPECT_THAT(failure_of([] {
                decode(test::read_testdata("events/synthetic/esm-onfailure-sqs-body.json"));
              }),
              HasSubstr("an on-failure report of a DynamoDB stream"));
  EXPECT_THAT(
      failure_of([] { decode(test::read_testdata("events/aws-lambda-go/sqs-event.json")); }),
      HasSubstr("event comes from \"aws:sqs\""));
}

}  // namespace
}  // namespace dynamite
