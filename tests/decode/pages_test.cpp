#include <gmock/gmock.h>

#include "decode/records.hpp"
#include "support/errors.hpp"
#include "support/testdata.hpp"

namespace dynamite {
namespace {

using test::canonical_key;
using test::failure_of;
using test::key_schema;
using test::RecordText;
using test::source_table;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const KeySchema kS = key_schema(KeyType::S);
const KeySchema kSN = key_schema(KeyType::S, KeyType::N);
const Micros kNow{std::chrono::microseconds{1'768'478'400'123'456}};

RecordsPage decode_records(std::string page, const KeySchema& schema = kSN) {
  return decode_records_page(std::move(page), source_table(schema), test::kGeneration);
}

RecordsPage decode_file(const std::string& name) {
  return decode_records(test::read_testdata("events/synthetic/streams-api/" + name));
}

ScanPage decode_scan(std::string page, const KeySchema& schema = kS) {
  return decode_scan_page(std::move(page), source_table(schema), kNow);
}

TEST(RecordsPage, OfAnOpenShardHasRecordsAndAnIterator) {
  const RecordsPage page = decode_file("getrecords-open.json");

  ASSERT_THAT(page.batch.changes, SizeIs(1));
  EXPECT_EQ(page.batch.changes[0].kind, ChangeKind::put);
  EXPECT_EQ(page.batch.changes[0].version, (Version{test::kGeneration, "100000000003126276362"}));
  EXPECT_EQ(page.batch.changes[0].key, canonical_key(R"({"pk":{"S":"o#1"},"sk":{"N":"7"}})", kSN));
  EXPECT_EQ(page.next_iterator,
            "arn:aws:dynamodb:us-east-1:111122223333:table/Orders/stream/"
            "2026-01-15T12:00:00.123|1|AAAAEXAMPLE2==");
  EXPECT_EQ(page.last_sequence_number, "100000000003126276362");
}

TEST(RecordsPage, MayBeEmptyAndGoOn) {
  const RecordsPage page = decode_file("getrecords-empty-open.json");

  EXPECT_THAT(page.batch.changes, IsEmpty());
  EXPECT_TRUE(page.next_iterator.has_value());
  EXPECT_EQ(page.last_sequence_number, "");
}

TEST(RecordsPage, OfAClosedShardHasRecordsAndNoIterator) {
  const RecordsPage page = decode_file("getrecords-last-of-closed.json");

  ASSERT_THAT(page.batch.changes, SizeIs(1));
  EXPECT_EQ(page.batch.changes[0].kind, ChangeKind::remove);
  EXPECT_EQ(page.next_iterator, std::nullopt);
  EXPECT_EQ(page.last_sequence_number, "200000000003126276400");
}

TEST(RecordsPage, CountsANullIteratorAsNone) {
  EXPECT_EQ(decode_records(R"({"NextShardIterator":null,"Records":[]})").next_iterator,
            std::nullopt);
}

TEST(RecordsPage, NeedsNoArnInItsRecords) {
  const RecordsPage page =
      decode_records(test::event_of({RecordText{.source = "", .arn = ""}.json()}), kS);

  EXPECT_THAT(page.batch.changes, SizeIs(1));
  EXPECT_THAT(page.batch.rejected, IsEmpty());
}

TEST(RecordsPage, SetsARecordAsideAndGoesOnBehindIt) {
  const std::string bad = RecordText{.name = R"("UPSERT")", .sequence_number = R"("30")"}.json();

  const RecordsPage page = decode_records(test::event_of({RecordText{}.json(), bad}), kS);

  EXPECT_THAT(page.batch.changes, SizeIs(1));
  ASSERT_THAT(page.batch.rejected, SizeIs(1));
  EXPECT_EQ(page.batch.rejected[0].record, bad);
  EXPECT_EQ(page.batch.rejected[0].sequence_number, "30");
  EXPECT_EQ(page.last_sequence_number, "30");
}

TEST(RecordsPage, OfAStreamWithoutNewImagesHasPutsThatLackThem) {
  const RecordText record{.new_image = "", .view_type = R"("KEYS_ONLY")"};

  const RecordsPage page = decode_records(test::event_of({record.json()}), kS);

  ASSERT_THAT(page.batch.changes, SizeIs(1));
  EXPECT_EQ(page.batch.changes[0].image, "");
}

TEST(RecordsPage, ThatIsNoneIsAskedForAgain) {
  // An answer without Records would else end its shard.
  for (const char* page : {"", "{}", "[]", "<html>503</html>", R"({"Records":[]} x)",
                           R"({"Records":null})", R"({"message":"throttled"})", R"({"Records":[)",
                           R"({"Records":[],"NextShardIterator":5})", "{\"Records\":[\"\xFF\"]}"})
    EXPECT_THAT(failure_of([&] { decode_records(page); }),
                StartsWith("transient: answer of GetRecords: "))
        << page;
}

TEST(ScanPage, HasItemsAsScannedChanges) {
  const std::string item = R"({"v":{"L":[{"N":"1"}]},"pk":{"S":"a"}})";

  const ScanPage page =
      decode_scan(R"({"Count":2,"Items":[ )" + item + R"( ,{"pk":{"S":"b"}}],"ScannedCount":2})");

  ASSERT_THAT(page.batch.changes, SizeIs(2));
  const Change& change = page.batch.changes[0];
  EXPECT_EQ(change.kind, ChangeKind::scanned);
  EXPECT_EQ(change.image, item);
  EXPECT_EQ(change.record, item);
  EXPECT_EQ(change.version, Version{});
  EXPECT_EQ(change.time, kNow);
  EXPECT_EQ(change.key, canonical_key(item, kS));
  EXPECT_EQ(page.last_evaluated_key, std::nullopt);
  EXPECT_EQ(page.capacity_units, 0);
}

TEST(ScanPage, GivesTheLastEvaluatedKeyAsItArrived) {
  const ScanPage page = decode_scan(
      R"({"Items":[],"LastEvaluatedKey": {"pk":{"S":"a\n"} } ,"ConsumedCapacity":{"TableName":"T",
          "CapacityUnits":128.5}})");

  EXPECT_EQ(page.last_evaluated_key, R"({"pk":{"S":"a\n"} })");
  EXPECT_EQ(page.capacity_units, 128.5);
}

TEST(ScanPage, SetsAnItemAsideThatHasNoKey) {
  const ScanPage page = decode_scan(
      R"({"Items":[{"pk":{"S":"a"}},{"pk":{"N":"1"}},{"v":{"S":"x"}},{"pk":{"S" 1}},{"pk":{"S":"b"}}]})");

  EXPECT_THAT(page.batch.changes, SizeIs(2));
  ASSERT_THAT(page.batch.rejected, SizeIs(3));
  EXPECT_EQ(page.batch.rejected[0].record, R"({"pk":{"N":"1"}})");
  EXPECT_THAT(page.batch.rejected[0].reason, HasSubstr("\"pk\" is of type N, wanted type S"));
  EXPECT_THAT(page.batch.rejected[1].reason, HasSubstr("\"pk\" is missing"));
  EXPECT_THAT(page.batch.rejected[2].reason, HasSubstr("not JSON"));
}

TEST(ScanPage, ThatIsNoneIsAskedForAgain) {
  // An answer without Items would else end its segment.
  for (const char* page : {"", "{}", R"({"Items":null})", R"({"Items":[)", R"({"Items":[]}})"})
    EXPECT_THAT(failure_of([&] { decode_scan(page); }), StartsWith("transient: answer of Scan: "))
        << page;
}

}  // namespace
}  // namespace dynamite
