#include "source/scan_reader.hpp"

#include <gmock/gmock.h>

#include "decode/records.hpp"
#include "support/errors.hpp"
#include "support/fake_transport.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class ScanReaderTest : public testing::Test {
 protected:
  ScanReader reader(std::string position = "") {
    return {dynamodb,
            {.table = source_table(key_schema(KeyType::S)), .segment = 3, .total_segments = 4},
            std::move(position)};
  }
  std::string request(std::size_t index) const { return aws.transport.requests().at(index).body; }

  FakeAws aws;
  DynamoDb dynamodb{aws.client};
};

TEST_F(ScanReaderTest, ScansItsSegmentStrongly) {
  aws.transport.then(200, R"({"Items":[{"pk":{"S":"a"}},{"pk":{"S":"b"}}],
                             "ConsumedCapacity":{"TableName":"Orders","CapacityUnits":12.5}})");

  const Page page = reader().next({});

  EXPECT_EQ(request(0),
            R"({"TableName":"Orders","ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL",)"
            R"("Segment":3,"TotalSegments":4,"Limit":1000})");
  ASSERT_TRUE(page.batch.has_value());
  EXPECT_THAT(page.batch->changes, SizeIs(2));
  EXPECT_EQ(page.batch->changes[0].kind, ChangeKind::scanned);
  EXPECT_EQ(page.capacity_units, 12.5);
  EXPECT_TRUE(page.finished);
  EXPECT_EQ(page.position, "");
}

TEST_F(ScanReaderTest, AnEmptyPageWithALastKeyGoesOn) {
  aws.transport.then(200, R"({"Items":[],"LastEvaluatedKey":{"pk":{"S":"m"}}})");
  aws.transport.then(200, R"({"Items":[{"pk":{"S":"z"}}]})");
  ScanReader segment = reader();

  const Page empty = segment.next({});
  const Page last = segment.next({});

  EXPECT_FALSE(empty.finished);
  EXPECT_EQ(empty.position, R"({"pk":{"S":"m"}})");
  EXPECT_THAT(request(1), HasSubstr(R"("ExclusiveStartKey":{"pk":{"S":"m"}}})"));
  EXPECT_TRUE(last.finished);
  ASSERT_TRUE(last.batch.has_value());
  EXPECT_THAT(last.batch->changes, SizeIs(1));
}

TEST_F(ScanReaderTest, SendsItsPositionAsItIs) {
  const std::string position = "{\"pk\": {\"S\":\"\\\"\\u2603 \xE2\x98\x83\\\\\"} }";
  aws.transport.then(200, R"({"Items":[]})");

  const Page page = reader(position).next({});

  EXPECT_THAT(request(0), HasSubstr(",\"ExclusiveStartKey\":" + position + "}"));
  EXPECT_TRUE(page.finished);
}

TEST_F(ScanReaderTest, KeepsItsPositionWhenAPageFails) {
  aws.transport.then(200, R"({"Items":[],"LastEvaluatedKey":{"pk":{"S":"m"}}})");
  aws.transport.then(200, "<html>a proxy</html>");
  aws.transport.then(200, R"({"Items":[]})");
  ScanReader segment = reader();
  segment.next({});

  EXPECT_EQ(error_of([&] { segment.next({}); }).kind(), Error::Kind::transient);
  segment.next({});

  EXPECT_THAT(request(2), HasSubstr(R"("ExclusiveStartKey":{"pk":{"S":"m"}}})"));
}

TEST_F(ScanReaderTest, ATableThatIsNoMoreIsGone) {
  aws.transport.then(refusal("ResourceNotFoundException"));

  EXPECT_EQ(error_of([&] { reader().next({}); }).kind(), Error::Kind::gone);
}

}  // namespace
}  // namespace dynamite::test
