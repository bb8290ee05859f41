#include "source/dynamodb.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "source/shard_lineage.hpp"
#include "support/errors.hpp"
#include "support/fake_transport.hpp"
#include "support/testdata.hpp"

namespace dynamite::test {
namespace {

const std::string kTabArn = "arn:aws:dynamodb:us-east-1:111122223333:table/Tab";
const std::string kTabStream = kTabArn + "/stream/2026-01-15T12:00:00.123";

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class DynamoDbTest : public testing::Test {
 protected:
  std::string request(std::size_t index) const { return aws.transport.requests().at(index).body; }
  void then_file(const std::string& name) {
    aws.transport.then(200, read_testdata("events/synthetic/streams-api/" + name));
  }

  FakeAws aws;
  DynamoDb dynamodb{aws.client};
};

TEST_F(DynamoDbTest, ListsTheTablesOfAllPages) {
  aws.transport.then(200, R"({"TableNames":["a","b"],"LastEvaluatedTableName":"b"})");
  aws.transport.then(200, R"({"TableNames":[],"LastEvaluatedTableName":"c"})");
  aws.transport.then(200, R"({"TableNames":["d"]})");

  EXPECT_THAT(dynamodb.list_tables(), ElementsAre("a", "b", "d"));
  EXPECT_EQ(request(0), R"({"Limit":100})");
  EXPECT_EQ(request(1), R"({"Limit":100,"ExclusiveStartTableName":"b"})");
  EXPECT_EQ(request(2), R"({"Limit":100,"ExclusiveStartTableName":"c"})");
}

TEST_F(DynamoDbTest, DescribesTheShardsOfAllPages) {
  then_file("describestream-page1.json");
  then_file("describestream-page2.json");

  const StreamDescription stream = dynamodb.describe_stream("arn:s");

  EXPECT_EQ(request(0), R"({"StreamArn":"arn:s"})");
  EXPECT_EQ(
      request(1),
      R"({"StreamArn":"arn:s","ExclusiveStartShardId":"shardId-00000001768478400123-864758bb"})");
  EXPECT_EQ(stream.label, "2026-01-15T12:00:00.123");
  EXPECT_EQ(stream.status, "ENABLED");
  EXPECT_EQ(stream.view_type, "NEW_AND_OLD_IMAGES");
  ASSERT_THAT(stream.shards, SizeIs(4));
  EXPECT_EQ(stream.shards[0].parent_id, "shardId-00000001768449600000-99999999");
  EXPECT_EQ(stream.shards[0].starting_sequence_number, "100000000003126270000");
  EXPECT_EQ(stream.shards[0].ending_sequence_number, "100000000003126276299");
  EXPECT_FALSE(stream.shards[0].open());
  EXPECT_TRUE(stream.shards[3].open());
}

TEST_F(DynamoDbTest, DescribesADisabledStream) {
  then_file("describestream-disabled.json");

  EXPECT_EQ(dynamodb.describe_stream("arn:s").status, "DISABLED");
}

TEST_F(DynamoDbTest, AChildIsNotReadableBesideItsOpenParent) {
  then_file("describestream-inconsistent-open-parent.json");

  const Lineage lineage = shard_lineage(dynamodb.describe_stream(kTabStream).shards, {});

  EXPECT_THAT(lineage.readable, ElementsAre("shardId-00000001768478400123-864758bb"));
  EXPECT_EQ(lineage.waiting, 1U);
}

std::string table_answer(const std::string& more) {
  return R"({"Table":{"TableName":"Tab","TableArn":")" + kTabArn +
         R"(","TableStatus":"ACTIVE","ItemCount":7,)"
         R"("TableSizeBytes":99,"AttributeDefinitions":[{"AttributeName":"i","AttributeType":"S"},)"
         R"({"AttributeName":"s","AttributeType":"N"},{"AttributeName":"p","AttributeType":"B"}],)"
         R"("KeySchema":[{"AttributeName":"s","KeyType":"RANGE"},)"
         R"({"AttributeName":"p","KeyType":"HASH"}])" +
         more + "}}";
}

TEST_F(DynamoDbTest, DescribesAProvisionedTable) {
  aws.transport.then(
      200, table_answer(R"(,"ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":1},
                            "BillingModeSummary":{"BillingMode":"PROVISIONED"})"));

  const TableDescription table = dynamodb.describe_table("T");

  EXPECT_EQ(request(0), R"({"TableName":"T"})");
  EXPECT_EQ(table.arn, kTabArn);
  EXPECT_EQ(table.key_schema.partition, (KeyAttribute{"p", KeyType::B}));
  EXPECT_EQ(table.key_schema.sort, (KeyAttribute{"s", KeyType::N}));
  EXPECT_EQ(table.item_count, 7U);
  EXPECT_EQ(table.size_bytes, 99U);
  EXPECT_EQ(table.provisioned_read_units, 5U);
  EXPECT_FALSE(table.stream_enabled);
  EXPECT_EQ(table.latest_stream_arn, "");
}

TEST_F(DynamoDbTest, ATableOnDemandHasNoReadUnits) {
  aws.transport.then(
      200, table_answer(R"(,"ProvisionedThroughput":{"ReadCapacityUnits":0,"WriteCapacityUnits":0},
                            "BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST"})"));

  EXPECT_EQ(dynamodb.describe_table("T").provisioned_read_units, std::nullopt);
}

// Nothing may be made for a table whose ARN every later command refuses.
TEST_F(DynamoDbTest, AnArnThatIsNoneOrAnotherTablesIsRefused) {
  for (const char* arn : {"arn:t", "arn:aws:dynamodb:us-east-1:111122223333:table/Other"}) {
    std::string answer = table_answer("");
    answer.replace(answer.find(kTabArn), kTabArn.size(), arn);
    aws.transport.then(200, answer);

    const Error error = test::error_of([&] { dynamodb.describe_table("Tab"); });

    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_THAT(error.what(), HasSubstr(arn));
  }
}

TEST_F(DynamoDbTest, AStreamIsOnOnlyIfItsSpecificationSaysSo) {
  aws.transport.then(200, table_answer(R"(,"LatestStreamArn":")" + kTabStream + "\""));
  EXPECT_FALSE(dynamodb.describe_table("T").stream_enabled);

  aws.transport.then(200, table_answer(R"(,"LatestStreamArn":")" + kTabStream +
                                       R"(","StreamSpecification":)"
                                       R"({"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"})"));
  const TableDescription table = dynamodb.describe_table("T");
  EXPECT_TRUE(table.stream_enabled);
  EXPECT_EQ(table.stream_view_type, "KEYS_ONLY");
  EXPECT_EQ(table.latest_stream_arn, kTabStream);
}

TEST_F(DynamoDbTest, WhatIsNoAnswerIsTransient) {
  for (const char* body : {"", "<html></html>", "[]", "{}", R"({"Table":{}})", R"({"Table":5})"}) {
    aws.transport.then(200, body);
    EXPECT_THAT(failure_of([&] { dynamodb.describe_table("T"); }), StartsWith("transient: "))
        << body;
  }
}

TEST_F(DynamoDbTest, ListingsThatAreNoneAreTransient) {
  for (const char* body : {"", "[]", "{}", R"({"TableNames":[5]})"}) {
    aws.transport.then(200, body);
    EXPECT_THAT(failure_of([&] { dynamodb.list_tables(); }), StartsWith("transient: ")) << body;
  }
  for (const char* body : {"", "[]", "{}", R"({"StreamDescription":{}})"}) {
    aws.transport.then(200, body);
    EXPECT_THAT(failure_of([&] { dynamodb.describe_stream("arn:s"); }), StartsWith("transient: "))
        << body;
  }
}

TEST_F(DynamoDbTest, GetsItemsOfWhichSomeMayBeAbsent) {
  aws.transport.then(200, R"({"Responses":{"T":[{"pk":{"S":"a"},"__type":{"S":"x"}}]}})");
  const std::vector<std::string> keys{R"({"pk":{"S":"a"}})", R"({"pk":{"S":"b"}})"};

  EXPECT_THAT(dynamodb.get_items("T", keys), ElementsAre(R"({"pk":{"S":"a"},"__type":{"S":"x"}})"));
  EXPECT_EQ(request(0), R"({"RequestItems":{"T":{"ConsistentRead":true,"Keys":)"
                        R"([{"pk":{"S":"a"}},{"pk":{"S":"b"}}]}}})");
}

TEST_F(DynamoDbTest, GetsAHundredAtATime) {
  aws.transport.forever(answer(200, R"({"Responses":{"T":[{"pk":{"S":"a"}}]}})"));

  EXPECT_THAT(
      dynamodb.get_items("T", std::vector<std::string>(250, std::string{R"({"pk":{"S":"a"}})"})),
      SizeIs(3));
  EXPECT_EQ(aws.transport.requests().size(), 3U);
}

TEST_F(DynamoDbTest, AsksAgainForKeysThatWereLeftUnprocessed) {
  const std::string left = R"({"ConsistentRead":true,"Keys":[{"pk":{"S":"b"}}]})";
  aws.transport.then(
      200, R"({"Responses":{"T":[{"pk":{"S":"a"}}]},"UnprocessedKeys":{"T":)" + left + "}}");
  aws.transport.then(200, R"({"Responses":{"T":[{"pk":{"S":"b"}}]},"UnprocessedKeys":{}})");

  EXPECT_THAT(
      dynamodb.get_items("T", std::vector<std::string>(2, std::string{R"({"pk":{"S":"a"}})"})),
      SizeIs(2));
  EXPECT_EQ(request(1), R"({"RequestItems":{"T":)" + left + "}}");
}

TEST_F(DynamoDbTest, WritesTwentyFiveAtATime) {
  aws.transport.forever(answer(200, R"({"UnprocessedItems":{}})"));
  const std::vector<WriteRequest> requests(51, {.put = R"({"pk":{"S":"a"}})", .remove = ""});

  dynamodb.batch_write("T", requests);

  ASSERT_THAT(aws.transport.requests(), SizeIs(3));
  EXPECT_EQ(request(2), R"({"RequestItems":{"T":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}}]}})");
}

TEST_F(DynamoDbTest, WritesAgainWhatWasLeftUnprocessed) {
  const std::string left = R"([{"DeleteRequest":{"Key":{"pk":{"S":"b"}}}}])";
  aws.transport.then(200, R"({"UnprocessedItems":{"T":)" + left + "}}");
  aws.transport.then(200, R"({"UnprocessedItems":{"T":[]}})");
  const std::vector<WriteRequest> requests{{.put = R"({"pk":{"S":"a"}})", .remove = ""},
                                           {.put = "", .remove = R"({"pk":{"S":"b"}})"}};

  dynamodb.batch_write("T", requests);

  EXPECT_EQ(request(0), R"({"RequestItems":{"T":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}},)"
                        R"({"DeleteRequest":{"Key":{"pk":{"S":"b"}}}}]}})");
  EXPECT_EQ(request(1), R"({"RequestItems":{"T":)" + left + "}}");
}

TEST_F(DynamoDbTest, StopsWhileItWritesAgain) {
  aws.transport.forever(answer(200, R"({"UnprocessedItems":{"T":[{"PutRequest":{"Item":{}}}]}})"));
  const std::vector<WriteRequest> requests{{.put = "{}", .remove = ""}};
  std::stop_source stop;
  const std::jthread stopper{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    stop.request_stop();
  }};

  EXPECT_EQ(failure_of([&] { dynamodb.batch_write("T", requests, stop.get_token()); }),
            "transient: BatchWriteItem was stopped");
}

}  // namespace
}  // namespace dynamite::test
