#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "engine/key_repair.hpp"
#include "support/fake_transport.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using testing::SizeIs;

/// A key's item moves from the first target to the second, which refuses it at first.
class KeyRepairTest : public ReplicaTest {
 protected:
  static std::string image(const std::string& kind, const std::string& note) {
    return fmt::format(R"({{"pk":{{"S":"a"}},"kind":{{"S":"{}"}},"note":{{"S":"{}"}}}})", kind,
                       note);
  }
  void SetUp() override {
    ReplicaTest::SetUp();
    if (HasFatalFailure()) return;
    orders = make_routed({"kind = 'x'", "kind = 'y'", "pk = 'b'"});
    query("ALTER TABLE routed_1 ADD CHECK (item ->> 'note' <> 'refused')");
    apply({put_item(image("x", ""), 1).before("")});
    apply({put_item(image("y", "refused"), 2).before(image("x", ""))});
  }
  std::string rows_of_targets() {
    return query("SELECT (SELECT count(*) FROM routed_0), (SELECT count(*) FROM routed_1)");
  }
  DeadLetters letters() { return {*connection, orders}; }
};

// To the first target record 3 is nothing: its item before is the one that was refused.
TEST_F(KeyRepairTest, ALetterIsNotOvertakenByARecordThatWasNothingToATarget) {
  apply({put_item(image("y", "good"), 3).before(image("y", "refused"))});
  ASSERT_EQ(rows_of_targets(), "1|1");

  EXPECT_EQ(letters().discard_overtaken(), 0U);

  FakeAws aws;
  aws.transport.then(200, fmt::format(R"({{"Responses":{{"routed":[{}]}},"UnprocessedKeys":{{}}}})",
                                      image("y", "good")));
  DynamoDb dynamodb{aws.client};
  DeadLetters there = letters();
  KeyRepair{dynamodb, *connection, orders, {}}.apply(doubtful_keys(there, there.page(0, {})), {});
  EXPECT_EQ(rows_of_targets(), "0|1");
  EXPECT_THAT(there.page(0, {}), SizeIs(0));
}

TEST_F(KeyRepairTest, ALetterIsOvertakenByARecordThatEachTargetKnows) {
  apply({put_item(image("y", "good"), 3)});

  EXPECT_EQ(letters().discard_overtaken(), 1U);
}

}  // namespace
}  // namespace dynamite::test
