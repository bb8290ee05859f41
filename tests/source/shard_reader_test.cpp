#include "source/shard_reader.hpp"

#include <gmock/gmock.h>

#include "decode/records.hpp"
#include "support/errors.hpp"
#include "support/fake_transport.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string page(const std::vector<std::string>& numbers, const std::string& next_iterator) {
  std::vector<std::string> records;
  for (const std::string& number : numbers)
    records.push_back(RecordText{.sequence_number = '"' + number + '"'}.json());
  const std::string next =
      next_iterator.empty() ? "" : ",\"NextShardIterator\":\"" + next_iterator + "\"";
  return fmt::format(R"({{"Records":[{}]{}}})", fmt::join(records, ","), next);
}

class ShardReaderTest : public testing::Test {
 protected:
  ShardReader reader(std::string position = "") {
    return {dynamodb,
            {.table = source_table(key_schema(KeyType::S)),
             .stream_arn = kStreamArn,
             .generation = kGeneration,
             .shard_id = "shardId-1"},
            std::move(position)};
  }

  void then_iterator(const std::string& name) {
    aws.transport.then(200, "{\"ShardIterator\":\"" + name + "\"}");
  }
  void then_page(const std::vector<std::string>& numbers, const std::string& next_iterator) {
    aws.transport.then(200, page(numbers, next_iterator));
  }
  std::string request(std::size_t index) const { return aws.transport.requests().at(index).body; }

  FakeAws aws;
  DynamoDb dynamodb{aws.client};
};

TEST_F(ShardReaderTest, BeginsAtTheOldestRecord) {
  then_iterator("i1");
  then_page({"100", "101"}, "i2");

  const Page page = reader().next({});

  EXPECT_EQ(request(0), R"({"StreamArn":")" + kStreamArn +
                            R"(","ShardId":"shardId-1","ShardIteratorType":"TRIM_HORIZON"})");
  EXPECT_EQ(request(1), R"({"ShardIterator":"i1","Limit":1000})");
  ASSERT_TRUE(page.batch.has_value());
  ASSERT_THAT(page.batch->changes, SizeIs(2));
  EXPECT_EQ(page.batch->changes[1].version, (Version{kGeneration, "101"}));
  EXPECT_EQ(page.position, "101");
  EXPECT_FALSE(page.finished);
}

TEST_F(ShardReaderTest, GoesOnBehindItsPosition) {
  then_iterator("i1");
  then_page({"101"}, "i2");

  reader("100").next({});

  EXPECT_THAT(request(0),
              HasSubstr(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER","SequenceNumber":"100")"));
}

TEST_F(ShardReaderTest, MayBeginAtARecord) {
  then_iterator("i1");
  aws.transport.then(refusal("ExpiredIteratorException"));
  then_iterator("i2");
  then_page({"100"}, "i3");
  aws.transport.then(refusal("ExpiredIteratorException"));
  then_iterator("i4");
  then_page({"101"}, "i5");
  ShardReader shard = ShardReader::at(dynamodb,
                                      {.table = source_table(key_schema(KeyType::S)),
                                       .stream_arn = kStreamArn,
                                       .generation = kGeneration,
                                       .shard_id = "shardId-1"},
                                      "100");

  shard.next({});
  shard.next({});

  const std::string at = R"("AT_SEQUENCE_NUMBER","SequenceNumber":"100")";
  EXPECT_THAT(request(0), HasSubstr(at));
  EXPECT_THAT(request(2), HasSubstr(at));
  EXPECT_THAT(request(5), HasSubstr(R"("AFTER_SEQUENCE_NUMBER","SequenceNumber":"100")"));
}

TEST_F(ShardReaderTest, FollowsTheIteratorsWithoutAskingForNewOnes) {
  then_iterator("i1");
  then_page({"100"}, "i2");
  then_page({"101"}, "i3");
  ShardReader shard = reader();

  shard.next({});
  const Page page = shard.next({});

  EXPECT_THAT(request(2), HasSubstr(R"("ShardIterator":"i2")"));
  EXPECT_EQ(page.position, "101");
}

TEST_F(ShardReaderTest, AnEmptyPageIsNoBatchAndKeepsThePosition) {
  then_iterator("i1");
  then_page({}, "i2");
  then_page({"101"}, "i3");
  ShardReader shard = reader("100");

  const Page empty = shard.next({});
  const Page full = shard.next({});

  EXPECT_FALSE(empty.batch.has_value());
  EXPECT_EQ(empty.position, "100");
  EXPECT_FALSE(empty.finished);
  EXPECT_TRUE(full.batch.has_value());
  EXPECT_EQ(full.position, "101");
}

TEST_F(ShardReaderTest, TheLastPageMayHaveRecords) {
  then_iterator("i1");
  then_page({"100"}, "");

  const Page page = reader().next({});

  EXPECT_TRUE(page.finished);
  ASSERT_TRUE(page.batch.has_value());
  EXPECT_EQ(page.position, "100");
}

TEST_F(ShardReaderTest, TheLastPageMayBeEmpty) {
  then_iterator("i1");
  then_page({}, "");

  const Page page = reader("99").next({});

  EXPECT_TRUE(page.finished);
  EXPECT_FALSE(page.batch.has_value());
  EXPECT_EQ(page.position, "99");
}

TEST_F(ShardReaderTest, AnExpiredIteratorIsReplacedBehindTheLastRecord) {
  then_iterator("i1");
  then_page({"100", "101"}, "i2");
  aws.transport.then(refusal("ExpiredIteratorException"));
  then_iterator("i3");
  then_page({"102"}, "i4");
  ShardReader shard = reader("99");

  shard.next({});
  const Page page = shard.next({});

  EXPECT_THAT(request(3), HasSubstr(R"("SequenceNumber":"101")"));
  EXPECT_THAT(request(4), HasSubstr(R"("ShardIterator":"i3")"));
  ASSERT_TRUE(page.batch.has_value());
  EXPECT_THAT(page.batch->changes, SizeIs(1));
  EXPECT_EQ(page.position, "102");
}

TEST_F(ShardReaderTest, AnIteratorThatExpiresBeforeAnyRecordBeginsAgain) {
  then_iterator("i1");
  then_page({}, "i2");
  aws.transport.then(refusal("ExpiredIteratorException"));
  then_iterator("i3");
  then_page({"100"}, "i4");
  ShardReader shard = reader();

  shard.next({});
  shard.next({});

  EXPECT_THAT(request(3), HasSubstr("TRIM_HORIZON"));
}

TEST_F(ShardReaderTest, AnIteratorThatExpiresAtOnceIsTransient) {
  then_iterator("i1");
  aws.transport.then(refusal("ExpiredIteratorException"));
  then_iterator("i2");
  aws.transport.then(refusal("ExpiredIteratorException"));

  EXPECT_EQ(error_of([&] { reader().next({}); }).kind(), Error::Kind::transient);
  EXPECT_TRUE(aws.transport.at_end());
}

TEST_F(ShardReaderTest, TrimmedRecordsAreAGap) {
  then_iterator("i1");
  aws.transport.then(refusal("TrimmedDataAccessException"));
  EXPECT_EQ(error_of([&] { reader("100").next({}); }).kind(), Error::Kind::gap);

  aws.transport.then(refusal("TrimmedDataAccessException"));
  EXPECT_EQ(error_of([&] { reader("100").next({}); }).kind(), Error::Kind::gap);
}

TEST_F(ShardReaderTest, AStreamThatIsNoMoreIsGone) {
  aws.transport.then(refusal("ResourceNotFoundException"));

  EXPECT_EQ(error_of([&] { reader("100").next({}); }).kind(), Error::Kind::gone);
}

TEST_F(ShardReaderTest, AfterATransientFailureThePageIsReadAgain) {
  then_iterator("i1");
  then_page({"100"}, "i2");
  aws.transport.then(200, "<html>a proxy</html>");
  then_page({"101"}, "i3");
  ShardReader shard = reader();
  shard.next({});

  EXPECT_EQ(error_of([&] { shard.next({}); }).kind(), Error::Kind::transient);
  const Page page = shard.next({});

  EXPECT_THAT(request(3), HasSubstr(R"("ShardIterator":"i2")"));
  EXPECT_EQ(page.position, "101");
}

TEST_F(ShardReaderTest, APageOfRejectedRecordsIsABatch) {
  then_iterator("i1");
  aws.transport.then(200, R"({"Records":[)" + RecordText{.name = R"("UPSERT")"}.json() +
                              R"(],"NextShardIterator":"i2"})");

  const Page page = reader().next({});

  ASSERT_TRUE(page.batch.has_value());
  EXPECT_THAT(page.batch->rejected, SizeIs(1));
  EXPECT_EQ(page.position, "100000000003126276362");
}

}  // namespace
}  // namespace dynamite::test
