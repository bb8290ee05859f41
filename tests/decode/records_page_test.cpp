#include "decode/records_page.hpp"

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

RecordsPage decode_records(std::string page, const KeySchema& schema = kSN) {
  return decode_records_page(std::move(page), source_table(schema), test::kGeneration);
}

RecordsPage decode_file(const std::string& name) {
  return decode_records(test::read_testdata("events/synthetic/streams-api/" + name));
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

}  // namespace
}  // namespace dynamite
