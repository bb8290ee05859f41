#include <gmock/gmock.h>

#include <memory>

#include "lambda/function_fixture.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/state/catalogue.hpp"
#include "support/local_dynamodb.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;

/// A function whose mapping and metrics are as the test says.
class MaintainTest : public LambdaTest {
 protected:
  std::unique_ptr<Process> start_function() {
    auto program = start(api_, {{"AWS_ENDPOINT_URL", source_.endpoint()},
                                {"AWS_ENDPOINT_URL_LAMBDA", aws_.url()},
                                {"AWS_ENDPOINT_URL_CLOUDWATCH", aws_.url()},
                                {"AWS_LAMBDA_FUNCTION_NAME", "copy"},
                                {"DYNAMITE_REPORT_BATCH_ITEM_FAILURES", "true"}});
    api_.invoke(R"({"dynamite": "bootstrap"})");
    query(fmt::format("DELETE FROM {}.replica WHERE table_name = 'orders'", state_schema()));
    return program;
  }

  std::string maintain() { return api_.invoke(R"({"dynamite": "maintain"})").body; }

  std::string open_gaps() {
    return query(
        fmt::format("SELECT count(*) FROM {}.gap WHERE healed_at IS NULL", state_schema()));
  }

  static std::string mapping(const std::string& state, const std::string& more) {
    return fmt::format(R"([{{"UUID":"u-1","State":"{}","LastProcessingResult":"OK"{}}}])", state,
                       more);
  }

  static constexpr const char* kReports = R"(,"FunctionResponseTypes":["ReportBatchItemFailures"])";

  LocalDynamoDb source_;
  std::string table_ = source_.create_table("Kept", keys(KeyType::S));
  std::string mappings_ = mapping("Enabled", kReports);  // set between invocations only
  std::string iterator_age_ = "1500.0";
  HttpServer aws_{[this](const ServedRequest& request) -> ServedResponse {
    if (request.method == "GET")
      return {.body = fmt::format(R"({{"EventSourceMappings":{}}})", mappings_)};
    return {.body = fmt::format("<R><Datapoints><member><Maximum>{}</Maximum></member></Datapoints>"
                                "</R>",
                                iterator_age_)};
  }};
};

TEST_F(MaintainTest, FindsNothingWhereAllIsWell) {
  const auto program = start_function();

  EXPECT_THAT(maintain(), HasSubstr(R"("gaps":[],"problems":[])"));
  EXPECT_EQ(open_gaps(), "0");
}

TEST_F(MaintainTest, NoticesAStreamThatWasSwitchedOffAndOn) {
  const auto program = start_function();
  maintain();

  source_.set_stream(table_, false);
  EXPECT_THAT(maintain(), HasSubstr("has no stream"));
  EXPECT_EQ(open_gaps(), "1");

  source_.set_stream(table_, true);
  EXPECT_THAT(maintain(), HasSubstr("switched off and on"));
  EXPECT_EQ(open_gaps(), "2");

  EXPECT_THAT(maintain(), HasSubstr(R"("gaps":[])"));
  EXPECT_EQ(open_gaps(), "2");
  EXPECT_THAT(program->output(), HasSubstr(R"("OpenGaps":2)"));
}

TEST_F(MaintainTest, NoticesWhatIsWrongWithTheMapping) {
  const auto program = start_function();
  const std::string problem = fmt::format("SELECT problem FROM {}.replica", state_schema());

  mappings_ = "[]";
  EXPECT_THAT(maintain(), HasSubstr("no event source mapping"));
  EXPECT_THAT(query(problem), HasSubstr("no event source mapping"));
  mappings_ = mapping("Disabled", kReports);
  EXPECT_THAT(maintain(), HasSubstr("u-1 is Disabled"));
  mappings_ = mapping("Enabled", "");
  EXPECT_THAT(maintain(), HasSubstr("u-1 lacks ReportBatchItemFailures"));
  mappings_ = mapping("Enabled", kReports);
  EXPECT_THAT(maintain(), HasSubstr(R"("problems":[])"));
  EXPECT_EQ(query(problem), "NULL");
  EXPECT_EQ(open_gaps(), "0");
}

TEST_F(MaintainTest, RecordsAGapWhereLambdaMustHaveDiscardedRecords) {
  const auto program = start_function();
  mappings_ = mapping("Enabled", std::string{kReports} + R"(,"MaximumRecordAgeInSeconds":3600)");
  iterator_age_ = "3599000.0";
  EXPECT_THAT(maintain(), HasSubstr(R"("gaps":[])"));

  iterator_age_ = "3.6E6";

  EXPECT_THAT(maintain(), HasSubstr("more than 3600 s were discarded"));
  EXPECT_EQ(open_gaps(), "1");
}

TEST_F(MaintainTest, APassMakesUpForWhatLambdaDiscardedBefore) {
  const auto program = start_function();
  mappings_ = mapping("Enabled", std::string{kReports} + R"(,"MaximumRecordAgeInSeconds":3600)");
  iterator_age_ = "3.6E6";
  const auto begin_pass = [&](const char* ago) {
    query(fmt::format("UPDATE {}.replica SET pass_started_at = now() - interval '{}'",
                      state_schema(), ago));
  };

  begin_pass("59 minutes");
  EXPECT_THAT(maintain(), HasSubstr(R"("gaps":[])"));

  begin_pass("61 minutes");
  EXPECT_THAT(maintain(), HasSubstr("more than 3600 s were discarded"));
}

TEST_F(MaintainTest, ADayWithoutAHealthyMappingIsAGap) {
  const auto program = start_function();
  maintain();
  mappings_ = mapping("Disabled", kReports);
  const auto pass_time = [&](const char* time) {
    query(fmt::format("UPDATE {}.replica SET followed_at = followed_at - interval '{}'",
                      state_schema(), time));
  };

  pass_time("22 hours 50 minutes");
  maintain();
  EXPECT_EQ(open_gaps(), "0");

  pass_time("20 minutes");
  EXPECT_THAT(maintain(), HasSubstr("nobody followed the stream for 23 h"));
  maintain();
  EXPECT_EQ(open_gaps(), "1");
}

TEST_F(LambdaTest, MaintainGivesFrequentAttributesColumns) {
  LocalDynamoDb source;
  const std::string table = source.create_table("Kept", keys(KeyType::S));
  const TableDescription description = source.api().describe_table(table);
  const auto program = start(api_, {{"AWS_ENDPOINT_URL", source.endpoint()}});
  api_.invoke(R"({"dynamite": "bootstrap"})");
  pg::Connection connection = connect();
  const Replica kept = Catalogue{connection, state_schema()}.find(description.arn).value();
  const Target& target = kept.targets.front();
  const auto change = plan_rules(target, description.key_schema, {.layout = LayoutKind::columns},
                                 find_columns(connection, target), RetiredColumns::keep);
  ASSERT_TRUE(try_change(connection, kept, {change.value()}));
  api_.invoke(event_of({record_of("INSERT", description.latest_stream_arn, R"({"pk":{"S":"a"}})",
                                  R"({"pk":{"S":"a"},"total":{"N":"7"}})", 1)}));

  EXPECT_THAT(
      api_.invoke(R"({"dynamite": "maintain"})").body,
      HasSubstr(R"("columns_added":["the column \"total\" is added; the values that are there)"));

  EXPECT_EQ(query(fmt::format("SELECT total, _rest FROM {}", target.qualified_name())), "7|NULL");
}

TEST_F(LambdaTest, MaintainForgetsOldTombstones) {
  LocalDynamoDb source;
  const std::string table = source.create_table("Kept", keys(KeyType::S));
  const std::string arn = source.api().describe_table(table).latest_stream_arn;
  const auto program = start(api_, {{"AWS_ENDPOINT_URL", source.endpoint()}});
  api_.invoke(R"({"dynamite": "bootstrap"})");
  api_.invoke(event_of({record_of("REMOVE", arn, R"({"pk":{"S":"a"}})", "", 1)}));
  query(fmt::format("UPDATE {} SET removed_at = now() - interval '3 days'",
                    new_target(state_schema(), schema(), table, {}).tombstones));

  EXPECT_THAT(api_.invoke(R"({"dynamite": "maintain"})").body,
              HasSubstr(R"("tombstones_expired":1)"));
}

}  // namespace
}  // namespace dynamite::test
