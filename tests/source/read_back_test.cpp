#include "source/read_back.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "support/fake_transport.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

/// Records of a table "Tab" whose key is the string pk.
Batch records(const std::vector<TestChange>& changes) {
  Replica replica;
  replica.source = std::make_shared<const SourceTable>(SourceTable{
      .arn = "arn:aws:dynamodb:us-east-1:111122223333:table/Tab", .key_schema = keys(KeyType::S)});
  return batch_of(replica, changes);
}

TEST(ReadBack, GivesWhatTheSourceHasNowAndKeepsWhatTheRecordsSay) {
  FakeAws aws;
  DynamoDb dynamodb{aws.client};
  aws.transport.then(200, R"({"Responses":{"Tab":[)" + item("a", "now") + "]}}");
  const Batch batch = records(
      {put("a", 1).before(item("a", "before")), put("b", 2), removal("a", 3), removal("b", 4)});

  const Batch now = read_back(dynamodb, batch, {});

  ASSERT_EQ(now.changes.size(), 4U);
  for (const std::size_t of_a : {0U, 2U}) {
    EXPECT_EQ(now.changes[of_a].kind, ChangeKind::put);
    EXPECT_EQ(now.changes[of_a].image, item("a", "now"));
    EXPECT_EQ(now.changes[of_a].old_image, std::nullopt);
  }
  for (const std::size_t of_b : {1U, 3U}) EXPECT_EQ(now.changes[of_b].kind, ChangeKind::remove);
  ASSERT_TRUE(now.recorded);
  ASSERT_EQ(now.recorded->size(), 4U);
  EXPECT_EQ(now.recorded->at(0).image, item("a", "1"));
  EXPECT_EQ(now.recorded->at(0).old_image, item("a", "before"));
  EXPECT_EQ(now.recorded->at(1).image, item("b", "2"));
  EXPECT_EQ(now.recorded->at(2).kind, ChangeKind::remove);
  EXPECT_EQ(now.recorded->at(3).kind, ChangeKind::remove);
}

TEST(ReadBack, ARecordWithoutAnImageSaysWhatWasRead) {
  FakeAws aws;
  DynamoDb dynamodb{aws.client};
  aws.transport.then(200, R"({"Responses":{"Tab":[)" + item("a", "now") + "]}}");
  Batch batch = records({put("a", 1), put("b", 2)});
  for (Change& change : batch.changes) change.image = {};

  const Batch now = read_back(dynamodb, batch, {});

  EXPECT_EQ(now.recorded->at(0).image, item("a", "now"));
  EXPECT_EQ(now.recorded->at(1).kind, ChangeKind::remove);
}

}  // namespace
}  // namespace dynamite::test
