#include "decode/scan_page.hpp"

#include <gmock/gmock.h>

#include "decode/records.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::canonical_key;
using test::failure_of;
using test::key_schema;
using test::source_table;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

const KeySchema kS = key_schema(KeyType::S);
const Micros kNow{std::chrono::microseconds{1'768'478'400'123'456}};

ScanPage decode_scan(std::string page) {
  return decode_scan_page(std::move(page), source_table(kS), kNow);
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
