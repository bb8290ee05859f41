#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <memory>

#include "lambda/handler_fixture.hpp"
#include "support/local_dynamodb.hpp"
#include "support/process.hpp"
#include "support/runtime_api.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::string_view kSuccess = R"({"batchItemFailures":[]})";

std::string deadline_in(std::chrono::milliseconds time) {
  return std::to_string((system_clock::now() + time).time_since_epoch() / 1ms);
}

/// The built program as a Lambda function.
class LambdaTest : public HandlerTest {
 protected:
  std::unique_ptr<Process> start(RuntimeApi& api, std::map<std::string, std::string> more = {}) {
    std::map<std::string, std::string> environment{{"AWS_LAMBDA_RUNTIME_API", api.address()},
                                                   {"DYNAMITE_URL", url()},
                                                   {"DYNAMITE_SCHEMA", schema()},
                                                   {"DYNAMITE_STATE_SCHEMA", state_schema()}};
    more.merge(environment);
    return std::make_unique<Process>(std::vector<std::string>{DYNAMITE_PROGRAM}, more);
  }

  static void control_postgres(const std::string& action) {
    const char* program = std::getenv("DYNAMITE_TEST_PG_CTL");
    ASSERT_NE(program, nullptr) << "start it with: tools/with-servers ctest";
    ASSERT_EQ(std::system((std::string{program} + " " + action).c_str()), 0);
  }

  RuntimeApi api_;
};

TEST_F(LambdaTest, AppliesEventsAndAnswers) {
  const auto program = start(api_);

  const RuntimeAnswer first = api_.invoke(event_of({put_record("a", 1), put_record("b", 2)}));
  const RuntimeAnswer second = api_.invoke(remove_event("a", 3));

  EXPECT_EQ(first.body, kSuccess);
  EXPECT_FALSE(first.error);
  EXPECT_EQ(second.body, kSuccess);
  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name()), "b");
}

TEST_F(LambdaTest, KeepsItsConnectionOverInvocations) {
  const auto program = start(api_);
  api_.invoke(put_event("a", 1));
  const std::string pids =
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'dynamite/lambda'";
  const std::string before = query(pids);

  api_.invoke(put_event("b", 2));

  EXPECT_EQ(query(pids), before);
  EXPECT_EQ(before.find('\n'), std::string::npos);
}

TEST_F(LambdaTest, AnswersAnErrorThatSaysWhatToDo) {
  const auto program = start(api_, {{"DYNAMITE_CREATE_TABLES", "never"}});

  const RuntimeAnswer answer = api_.invoke(event_of({put_record("a", 1, stream_of("Unknown"))}));

  EXPECT_TRUE(answer.error);
  EXPECT_EQ(answer.error_type, "Dynamite.usage");
  EXPECT_THAT(answer.body, AllOf(HasSubstr("table/Unknown"), HasSubstr("dynamite bootstrap")));
  EXPECT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
}

TEST_F(LambdaTest, MakesAMissingReplicaOfATableThatTheRoleMayDescribe) {
  LocalDynamoDb source;
  const std::string table = source.create_table("Missing", keys(KeyType::S));
  const std::string arn = source.api().describe_table(table).latest_stream_arn;
  const auto program = start(api_, {{"AWS_ENDPOINT_URL", source.endpoint()}});

  const RuntimeAnswer answer = api_.invoke(event_of({put_record("a", 1, arn)}));

  EXPECT_EQ(answer.body, kSuccess);
  EXPECT_EQ(query(fmt::format(R"(SELECT pk FROM {}."{}")", schema(), table)), "a");
}

TEST_F(LambdaTest, RefusesARecordOfAnotherAccountsTableOfThatName) {
  LocalDynamoDb source;
  const std::string table = source.create_table("Missing", keys(KeyType::S));
  const auto program = start(api_, {{"AWS_ENDPOINT_URL", source.endpoint()}});

  const RuntimeAnswer answer = api_.invoke(event_of({put_record("a", 1, stream_of(table))}));

  EXPECT_TRUE(answer.error);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("us-east-1:111122223333:table/" + table),
                                 HasSubstr("ddblocal:000000000000:table/" + table)));
  EXPECT_EQ(query(fmt::format(R"(SELECT to_regclass('{}."{}"') IS NULL)", schema(), table)), "t");
}

TEST_F(LambdaTest, SurvivesARestartOfPostgresBetweenInvocations) {
  const auto program = start(api_);
  ASSERT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);

  control_postgres("restart");

  EXPECT_EQ(api_.invoke(put_event("b", 2)).body, kSuccess);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.qualified_name()), "2");
}

TEST_F(LambdaTest, SurvivesACrashOfPostgresBetweenInvocations) {
  const auto program = start(api_);
  ASSERT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
  query("CHECKPOINT");  // the test's server does not write through

  control_postgres("crash");

  EXPECT_EQ(api_.invoke(put_event("b", 2)).body, kSuccess);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.qualified_name()), "2");
}

TEST_F(LambdaTest, StartsAndFailsInvocationsWhilePostgresIsDown) {
  control_postgres("stop");
  const auto program = start(api_);
  const RuntimeAnswer down = api_.invoke(put_event("a", 1));
  control_postgres("start");

  const RuntimeAnswer up = api_.invoke(put_event("a", 1));

  EXPECT_EQ(down.request_id, "request-1");
  EXPECT_EQ(down.error_type, "Dynamite.transient");
  EXPECT_EQ(up.body, kSuccess);
  EXPECT_TRUE(program->running());
}

TEST_F(LambdaTest, ReportsAStartThatCannotSucceed) {
  const std::string role = make_role("writer");
  const std::size_t host = url().find('@');
  const auto program = start(
      api_, {{"DYNAMITE_URL", fmt::format("postgresql://{}:wrong{}", role, url().substr(host))}});

  const RuntimeAnswer answer = api_.wait_for_answer();

  EXPECT_EQ(answer.request_id, "init");
  EXPECT_EQ(answer.error_type, "Dynamite.usage");
  EXPECT_THAT(answer.body, HasSubstr("authentication failed"));
  EXPECT_EQ(program->wait(), 2);
}

TEST_F(LambdaTest, AnswersInTimeWhilePostgresHoldsALock) {
  const auto program = start(api_);
  ASSERT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
  RuntimeAnswer late;
  const auto begin = steady_clock::now();
  {
    pg::Transaction holder{*connection};
    holder.run(fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.qualified_name()));
    late = api_.invoke(put_event("b", 2), deadline_in(2s));
  }

  EXPECT_EQ(late.error_type, "Dynamite.transient");
  EXPECT_LT(steady_clock::now() - begin, 2s);
  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name()), "a");
  EXPECT_EQ(api_.invoke(put_event("b", 2)).body, kSuccess);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.qualified_name()), "2");
}

TEST_F(LambdaTest, AnInvocationThatTimedOutAndWakesUpBringsNothingBack) {
  RuntimeApi other_api;
  const auto sleeper = start(api_);
  ASSERT_EQ(api_.invoke(put_event("warm", 1)).body, kSuccess);
  const std::string of_sleeper =
      query("SELECT pid FROM pg_stat_activity WHERE application_name = 'dynamite/lambda'");
  {
    pg::Transaction holder{*connection};
    holder.run(fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.qualified_name()));
    api_.push(put_event("a", 2), deadline_in(3s));
    wait_until_blocked(std::stoi(of_sleeper));
    sleeper->signal(SIGSTOP);
    wait_until(
        fmt::format("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {} AND state = 'active'",
                    of_sleeper));
  }
  const auto other = start(other_api);
  ASSERT_EQ(other_api.invoke(put_event("a", 2)).body, kSuccess);  // Lambda's repeat
  ASSERT_EQ(other_api.invoke(remove_event("a", 3)).body, kSuccess);

  sleeper->signal(SIGCONT);

  EXPECT_EQ(api_.wait_for_answer().error_type, "Dynamite.transient");
  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name()), "warm");
  // Nor does a repeat that comes later still.
  EXPECT_EQ(api_.invoke(put_event("a", 2)).body, kSuccess);
  EXPECT_EQ(query("SELECT pk FROM " + orders.qualified_name()), "warm");
}

TEST_F(LambdaTest, SigtermEndsItCleanly) {
  const auto program = start(api_);
  api_.invoke(put_event("a", 1));
  const auto begin = steady_clock::now();

  program->signal(SIGTERM);

  EXPECT_EQ(program->wait(), 0);
  EXPECT_LT(steady_clock::now() - begin, 2s);
}

TEST_F(LambdaTest, EndsQuietlyWithALocalRuntime) {
  const auto program = start(api_);
  api_.invoke(put_event("a", 1));

  api_.answer_next({.cut_after_bytes = 0});

  EXPECT_EQ(program->wait(), 0);
}

TEST_F(LambdaTest, EndsWithAFailureWhenTheRuntimeApiFails) {
  const auto program = start(api_);
  api_.refuse_response(500);
  api_.push(put_event("a", 1));

  EXPECT_EQ(program->wait(), 1);
  EXPECT_THAT(program->errors(), HasSubstr("HTTP 500"));
}

}  // namespace
}  // namespace dynamite::test
