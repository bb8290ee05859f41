#include <gmock/gmock.h>

#include "ingest/fixture.hpp"
#include "ingest/redrive.hpp"
#include "support/errors.hpp"
#include "support/fake_transport.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;

class RedriveOneRangeTest : public IngestTest {
 protected:
  void then_iterator() { aws.transport.then(200, R"({"ShardIterator":"i"})"); }
  void then_page(const std::vector<std::string>& records) {
    aws.transport.then(
        200, fmt::format(R"({{"Records":[{}],"NextShardIterator":"i"}})", fmt::join(records, ",")));
  }
  void then_gone() { aws.transport.then(refusal("TrimmedDataAccessException")); }

  ApplyOutcome redrive(const std::string& first, const std::string& last) {
    BatchApplier applier{options()};
    Redrive redrive{applier,
                    dynamodb,
                    {.connect = {.conninfo = url(), .application_name = application()},
                     .state_schema = state_schema(),
                     .on_loss = [&](const RecordRange&,
                                    const std::string& records) { lost.push_back(records); }},
                    {}};
    const ApplyOutcome outcome = redrive.apply({.stream_arn = stream_of("orders"),
                                                .shard_id = "shardId-1",
                                                .first_sequence_number = first,
                                                .last_sequence_number = last});
    EXPECT_EQ(redrive.found_gap(), !lost.empty());
    return outcome;
  }

  std::string keys_of_rows() {
    return query("SELECT pk FROM " + orders.targets.front().qualified_name() + " ORDER BY pk");
  }
  std::string gaps() { return query("SELECT reason FROM " + state_schema() + ".gap"); }

  FakeAws aws;
  DynamoDb dynamodb{aws.client};
  std::vector<std::string> lost;
};

TEST_F(RedriveOneRangeTest, ReadsUntilTheRangeEnds) {
  then_iterator();
  then_page({put_record("a", 100)});
  then_page({});
  then_page({put_record("b", 101)});

  EXPECT_EQ(redrive("100", "101").records, 2U);

  EXPECT_EQ(keys_of_rows(), "a\nb");
  EXPECT_TRUE(aws.transport.at_end());
  EXPECT_EQ(gaps(), "");
}

TEST_F(RedriveOneRangeTest, OfARangeThatIsHalfGoneTheRestIsAppliedAndTheGapRecorded) {
  then_iterator();
  then_gone();
  then_iterator();
  then_page({put_record("b", 101)});

  EXPECT_EQ(redrive("100", "101").records, 1U);

  EXPECT_EQ(keys_of_rows(), "b");
  EXPECT_THAT(lost, ::testing::ElementsAre("100 up to before 101"));
  EXPECT_EQ(gaps(),
            "records 100 up to before 101, which Lambda gave up, were gone before they were read "
            "again");
}

TEST_F(RedriveOneRangeTest, AnOpenShardWithoutTheRecordsIsNotReadForEver) {
  aws.transport.forever(
      answer(200, R"({"ShardIterator":"i","Records":[],"NextShardIterator":"i"})"));

  EXPECT_THAT(failure_of([&] { redrive("100", "101"); }),
              HasSubstr("transient: shardId-1 has no records up to 101"));
}

}  // namespace
}  // namespace dynamite::test
