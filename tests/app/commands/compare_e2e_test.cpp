#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>

#include "support/local_dynamodb.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A table of 30 items and its replica.
class CompareTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    table_ = source_.create_table("Compared", keys(KeyType::N, KeyType::B));
    for (int i = 0; i < 30; ++i) source_.api().put_item(table_, item_of(i, "right"));
    const Finished copied = run({"replicate", "--once"});
    ASSERT_EQ(copied.status, 0) << copied.errors;
  }

  static std::string item_of(int number, const std::string& value) {
    return fmt::format(R"({{"pk":{{"N":"{}"}},"sk":{{"B":"AP8="}},"v":{{"S":"{}"}}}})", number,
                       value);
  }
  std::string replica() const { return fmt::format("{}.\"{}\"", schema(), table_); }
  /// One row of each kind of error.
  void spoil() {
    query(fmt::format("DELETE FROM {} WHERE pk = 3", replica()));
    query(
        fmt::format("UPDATE {} SET item = item || '{{\"v\":\"wrong\"}}' WHERE pk = 5", replica()));
    query(
        fmt::format("INSERT INTO {0} SELECT 1000 + pk, sk, item, mod_time, create_time, _types, "
                    "_version, _epoch FROM {0} WHERE pk = 7",
                    replica()));
  }

  Finished run(std::vector<std::string> command) const {
    command.insert(command.end(), {"--table", table_});
    return run_program(std::move(command), environment());
  }
  std::map<std::string, std::string> environment() const {
    return {{"DYNAMITE_URL", url()},
            {"DYNAMITE_SCHEMA", schema()},
            {"DYNAMITE_STATE_SCHEMA", state_schema()},
            {"AWS_ENDPOINT_URL", source_.endpoint()}};
  }

  LocalDynamoDb source_;
  std::string table_;
};

TEST_F(CompareTest, TellsWhatIsMissingDifferentAndAGhost) {
  spoil();

  const Finished compared = run({"compare"});

  EXPECT_EQ(compared.status, 3);
  EXPECT_THAT(compared.output, HasSubstr("30 items, 1 missing, 1 different, 1 ghosts, 0 that"));
  for (const char* key : {"3", "5", "1007"})
    EXPECT_THAT(compared.output,
                HasSubstr(fmt::format(R"({{"pk":{{"N":"{}"}},"sk":{{"B":"AP8="}}}})", key)));
}

TEST_F(CompareTest, RepairsWhatDiffersAndLeavesTheRest) {
  spoil();
  const std::string untouched = fmt::format(
      "SELECT md5(string_agg(t::text, ',' ORDER BY pk)) FROM {} t WHERE pk NOT IN (3, "
      "5, 1007)",
      replica());
  const std::string before = query(untouched);

  const Finished repaired = run({"compare", "--repair"});

  EXPECT_EQ(repaired.status, 0) << repaired.output << repaired.errors;
  EXPECT_THAT(repaired.output, HasSubstr("3 rows repaired"));
  EXPECT_EQ(query(untouched), before);
  const Finished again = run({"compare"});
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("30 items, identical"));
}

TEST_F(CompareTest, RepairsWhileADaemonFollows) {
  Process daemon{{DYNAMITE_PROGRAM, "replicate", "--table", table_}, environment()};
  wait_until(fmt::format("SELECT state = 'following' FROM {}.replica", state_schema()));
  spoil();

  const Finished repaired = run({"compare", "--repair"});

  EXPECT_EQ(repaired.status, 0) << repaired.output << repaired.errors;
  EXPECT_THAT(repaired.output, HasSubstr("3 rows repaired"));
  source_.api().put_item(table_, item_of(5, "newer"));
  wait_until(fmt::format("SELECT item->>'v' = 'newer' FROM {} WHERE pk = 5", replica()));
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_EQ(run({"compare"}).status, 0);
}

TEST_F(CompareTest, ASampleFindsWhatIsWrongEverywhere) {
  const Finished right = run({"compare", "--sample", "10"});
  EXPECT_EQ(right.status, 0) << right.output << right.errors;
  EXPECT_THAT(right.output, HasSubstr("items and rows of a sample, identical"));
  query(fmt::format("UPDATE {} SET item = item || '{{\"v\":\"wrong\"}}'", replica()));

  const Finished wrong = run({"compare", "--sample", "10"});

  EXPECT_EQ(wrong.status, 3) << wrong.errors;
  EXPECT_THAT(wrong.output, HasSubstr(" different, "));
  EXPECT_THAT(wrong.output, Not(HasSubstr(" 0 different")));
}

}  // namespace
}  // namespace dynamite::test
