#include <gmock/gmock.h>

#include "decode/records.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::decode;
using test::event_of;
using test::failure_of;
using test::key_schema;
using test::kUsersArn;
using test::kUsersStreamArn;
using test::numbered;
using test::RecordText;
using test::shared_text;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const KeySchema kS = key_schema(KeyType::S);

struct Rejection {
  std::string record;
  std::string reason;
  std::string sequence_number = "100000000003126276362";
};

class RejectedRecord : public testing::TestWithParam<Rejection> {};

TEST_P(RejectedRecord, DoesNotTakeItsNeighbours) {
  const std::string good = RecordText{.sequence_number = R"("1")"}.json();

  const Batch batch = decode(event_of({good, GetParam().record, good}));

  EXPECT_THAT(batch.changes, SizeIs(2));
  ASSERT_THAT(batch.rejected, SizeIs(1));
  EXPECT_EQ(batch.rejected[0].record, GetParam().record);
  EXPECT_THAT(batch.rejected[0].reason, HasSubstr(GetParam().reason));
  EXPECT_EQ(batch.rejected[0].sequence_number, GetParam().sequence_number);
}

Rejection of(RecordText record, std::string reason) {
  return {.record = record.json(), .reason = std::move(reason)};
}

Rejection numbered(RecordText record, std::string reason, std::string sequence_number) {
  return {record.json(), std::move(reason), std::move(sequence_number)};
}

INSTANTIATE_TEST_SUITE_P(
    Members, RejectedRecord,
    testing::Values(
        of({.name = ""}, "eventName of the record is missing"),
        of({.name = R"("UPSERT")"}, "eventName of the record is none of INSERT, MODIFY, REMOVE"),
        of({.name = "5"}, "eventName of the record is a number, wanted a string"),
        of({.arn = ""}, "eventSourceARN of the record is missing"),
        of({.keys = ""}, "Keys of the record is missing"),
        of({.keys = "[]"}, "Keys of the record is an array, wanted an object"),
        of({.keys = "{}"}, "key attribute \"pk\" is missing"),
        of({.keys = R"({"pk":{"N":"1"}})"}, "key attribute \"pk\" is of type N, wanted type S"),
        of({.keys = R"({"pk":{"S":"a"},"sk":{"S":"b"}})"}, "other attributes than the key schema"),
        of({.keys = R"({"pk":{"S":"\u0000"}})"}, "U+0000"),
        of({.keys = R"({"pk":{"S":"\ude00"}})"}, "lone surrogate"),
        of({.new_image = ""}, "NewImage of the record is missing"),
        of({.new_image = "null"}, "NewImage of the record is missing"),
        of({.new_image = "7"}, "NewImage of the record is a number, wanted an object"),
        numbered({.sequence_number = ""}, "SequenceNumber of the record is missing", ""),
        numbered({.sequence_number = "5"},
                 "SequenceNumber of the record is a number, wanted a string", ""),
        numbered({.sequence_number = R"("5x")"}, "sequence number is not 1 to 40 decimal digits",
                 ""),
        numbered({.sequence_number = '"' + std::string(41, '1') + '"'},
                 "sequence number is not 1 to 40", "")));

INSTANTIATE_TEST_SUITE_P(
    Json, RejectedRecord,
    testing::Values(Rejection{"42", "a number where an object must be", ""},
                    Rejection{"null", "a null where an object must be", ""},
                    Rejection{"[]", "an array where an object must be", ""},
                    Rejection{"{}", "eventSourceARN", ""},
                    Rejection{R"({"a" "b" 12 zz ,,})", "not JSON: no ':'", ""},
                    Rejection{R"({"dynamodb":{"SequenceNumber":"9","Keys":{"pk":{"S":"\q"}}}})",
                              "unknown escape", "9"},
                    Rejection{R"({"eventName":"INSERT","eventName":"INSERT"})",
                              "eventName of the record is there twice", ""},
                    Rejection{R"({"dynamodb":{"SequenceNumber":"9"},"dynamodb":{}})",
                              "dynamodb of the record is there twice", "9"},
                    Rejection{R"({"dynamodb":{"SequenceNumber":"9","Sequence\u004eumber":"10"}})",
                              "SequenceNumber of the record is there twice", "9"},
                    Rejection{R"({"dynamodb":{"NewImage":{},"NewImage":{}}})",
                              "NewImage of the record is there twice", ""},
                    Rejection{
                        R"({"x":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}",
                        "nesting beyond 128 levels", ""}));

TEST(RejectedRecord, CountsToItsOwnTableIfThatWasRead) {
  const KnownTables tables{{test::kTableArn, test::source_table(kS)},
                           {kUsersArn, test::source_table(kS)}};
  const std::string broken = "{\"eventSourceARN\":\"" + kUsersStreamArn + "\",}";

  const std::vector<Batch> batches =
      decode_lambda_event(shared_text(event_of({RecordText{}.json(), broken})), tables).batches;

  ASSERT_THAT(batches, SizeIs(2));
  EXPECT_THAT(batches[0].rejected, IsEmpty());
  EXPECT_EQ(batches[1].table, tables.at(kUsersArn));
  EXPECT_THAT(batches[1].rejected, SizeIs(1));
}

TEST(RejectedRecord, BeforeAnyTableIsKnownCountsToTheFirst) {
  const Batch batch = decode(event_of({"{}", RecordText{}.json()}));

  EXPECT_THAT(batch.rejected, SizeIs(1));
  EXPECT_THAT(batch.changes, SizeIs(1));
}

TEST(RejectedRecord, AloneWithoutItsTableIsAUsageError) {
  EXPECT_THAT(failure_of([] { decode(event_of({"{}"})); }),
              AllOf(StartsWith("usage: no stream record tells its table"),
                    HasSubstr("eventSourceARN of the record is missing")));
}

TEST(RejectedRecord, BeyondALimitRefusesTheEvent) {
  std::string records = RecordText{}.json();
  for (int i = 0; i < 100'000; ++i) records += ",{}";
  EXPECT_THAT(decode(event_of({records})).rejected, SizeIs(100'000));

  EXPECT_THAT(failure_of([&] {
                decode(event_of({records, "{}"}));
              }),
              AllOf(StartsWith("usage: more than 100000 records are malformed"),
                    HasSubstr("eventSourceARN of the record is missing")));
}

}  // namespace
}  // namespace dynamite
