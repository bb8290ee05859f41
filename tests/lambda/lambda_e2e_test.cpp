#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>

#include "lambda/function_fixture.hpp"
#include "support/local_dynamodb.hpp"

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

TEST_F(LambdaTest, AppliesEventsAndAnswers) {
  const auto program = start(api_);

  const RuntimeAnswer first = api_.invoke(event_of({put_record("a", 1), put_record("b", 2)}));
  const RuntimeAnswer second = api_.invoke(remove_event("a", 3));

  EXPECT_EQ(first.body, kSuccess);
  EXPECT_FALSE(first.error);
  EXPECT_EQ(second.body, kSuccess);
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "b");
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

TEST_F(LambdaTest, ReportsTheFirstRecordThatCannotBeAppliedWhereTheMappingReadsIt) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')",
                    orders.targets.front().qualified_name()));
  const auto program = start(
      api_, {{"DYNAMITE_ON_POISON", "stop"}, {"DYNAMITE_REPORT_BATCH_ITEM_FAILURES", "true"}});

  const RuntimeAnswer answer =
      api_.invoke(event_of({put_record("a", 1), put_record("bad", 2), put_record("b", 3)}));

  EXPECT_FALSE(answer.error);
  EXPECT_EQ(answer.body, R"({"batchItemFailures":[{"itemIdentifier":"2"}]})");
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "a");
}

TEST_F(LambdaTest, WithoutThatThrowsForTheWholeEvent) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (pk <> 'bad')",
                    orders.targets.front().qualified_name()));
  const auto program = start(api_, {{"DYNAMITE_ON_POISON", "stop"}});

  const RuntimeAnswer answer = api_.invoke(event_of({put_record("a", 1), put_record("bad", 2)}));

  EXPECT_EQ(answer.error_type, "Dynamite.poison");
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "0");
}

TEST_F(LambdaTest, PrintsOneLineOfMetricsAnInvocationAndLogsInJson) {
  const auto program =
      start(api_, {{"AWS_LAMBDA_FUNCTION_NAME", "copy"}, {"DYNAMITE_CREATE_TABLES", "never"}});
  api_.invoke(event_of({put_record("a", 1), put_record("a", 2)}));
  api_.invoke(event_of({put_record("a", 1, stream_of("Unknown"))}));

  const std::string output = program->output();

  EXPECT_THAT(
      output,
      AllOf(HasSubstr(R"("Namespace":"Dynamite")"), HasSubstr(R"("FunctionName":"copy")"),
            HasSubstr(R"("Records":2,"Applied":1)"), HasSubstr(R"("requestId":"request-1")")));
  EXPECT_EQ(std::ranges::count(output, '\n'), 1);
  EXPECT_THAT(program->errors(),
              HasSubstr(R"("message":"invocation failed","request_id":"request-2")"));
}

TEST_F(LambdaTest, DoesOneShotsInsideTheNetworkOfTheDatabase) {
  LocalDynamoDb source;
  const std::string table = source.create_table("Shot", keys(KeyType::S));
  const std::string arn = source.api().describe_table(table).latest_stream_arn;
  const auto program =
      start(api_, {{"AWS_ENDPOINT_URL", source.endpoint()}, {"AWS_LAMBDA_FUNCTION_NAME", "copy"}});

  const std::string bootstrap = api_.invoke(R"({"dynamite": "bootstrap"})").body;
  const std::string again = api_.invoke(R"({"dynamite": "bootstrap"})").body;
  const RuntimeAnswer event = api_.invoke(event_of({put_record("a", 1, arn)}));
  const std::string status = api_.invoke(R"({"dynamite": "status"})").body;
  const RuntimeAnswer unknown = api_.invoke(R"({"dynamite": "dance"})");
  const RuntimeAnswer more = api_.invoke(R"({"dynamite": "bootstrap", "table": "x"})");
  EXPECT_TRUE(more.error);
  EXPECT_THAT(more.body, HasSubstr(R"(has the member \"table\", which nobody reads)"));

  EXPECT_THAT(bootstrap, AllOf(HasSubstr(table), HasSubstr(R"("outcome":"created")")));
  EXPECT_THAT(again, HasSubstr(R"("outcome":"unchanged")"));
  EXPECT_EQ(event.body, kSuccess);
  EXPECT_THAT(status,
              AllOf(HasSubstr(R"("table":")" + table), HasSubstr(R"("follower":"lambda")")));
  EXPECT_EQ(unknown.error_type, "Dynamite.usage");
  EXPECT_THAT(unknown.body, HasSubstr("maintain"));
}

TEST_F(LambdaTest, TheLargestEventFitsIntoTheSmallestFunction) {
  const auto program = start(api_);
  std::vector<std::string> records;
  const std::string filler(245, 'x');
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    const std::string key = fmt::format(R"({{"pk":{{"S":"{}"}}}})", i);
    records.push_back(
        record_of("INSERT", stream_of("orders"), key, item(std::to_string(i), filler), i));
  }
  std::string event = event_of(records);
  ASSERT_GT(event.size(), 6'000'000U);

  EXPECT_EQ(api_.invoke(std::move(event)).body, kSuccess);

  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "10000");
  EXPECT_LE(program->peak_memory_mb(), 64U);  // Lambda's smallest has 128
}

TEST_F(LambdaTest, SurvivesARestartOfPostgresBetweenInvocations) {
  const auto program = start(api_);
  ASSERT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);

  control_postgres("restart");

  EXPECT_EQ(api_.invoke(put_event("b", 2)).body, kSuccess);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "2");
}

TEST_F(LambdaTest, SurvivesACrashOfPostgresBetweenInvocations) {
  const auto program = start(api_);
  ASSERT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
  query("CHECKPOINT");  // the test's server does not write through

  control_postgres("crash");

  EXPECT_EQ(api_.invoke(put_event("b", 2)).body, kSuccess);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "2");
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

TEST_F(LambdaTest, ReportsAConfigurationThatCannotBeUsed) {
  const auto program = start(api_, {{"DYNAMITE_ON_POISON", "ignore"}});

  const RuntimeAnswer answer = api_.wait_for_answer();

  EXPECT_EQ(answer.request_id, "init");
  EXPECT_EQ(answer.error_type, "Dynamite.usage");
  EXPECT_THAT(answer.body, HasSubstr("DYNAMITE_ON_POISON"));
  EXPECT_EQ(program->wait(), 2);
}

TEST_F(LambdaTest, AFailedStartIsInTheLogWhereNobodyElseIsTold) {
  const auto program =
      start(api_, {{"DYNAMITE_ON_POISON", "ignore"}, {"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"}});

  EXPECT_EQ(program->wait(), 2);

  EXPECT_THAT(program->errors(), AllOf(HasSubstr("DYNAMITE_ON_POISON"),
                                       HasSubstr("Lambda was not told of the failed start")));
}

TEST_F(LambdaTest, AnswersInTimeWhilePostgresHoldsALock) {
  const auto program = start(api_);
  ASSERT_EQ(api_.invoke(put_event("a", 1)).body, kSuccess);
  RuntimeAnswer late;
  const auto begin = steady_clock::now();
  {
    pg::Transaction holder{*connection};
    holder.run(
        fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.targets.front().qualified_name()));
    late = api_.invoke(put_event("b", 2), deadline_in(2s));
  }

  EXPECT_EQ(late.error_type, "Dynamite.transient");
  EXPECT_LT(steady_clock::now() - begin, 2s);
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "a");
  EXPECT_EQ(api_.invoke(put_event("b", 2)).body, kSuccess);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "2");
}

TEST_F(LambdaTest, AnInvocationThatTimedOutAndWakesUpBringsNothingBack) {
  RuntimeApi other_api;
  const auto sleeper = start(api_);
  ASSERT_EQ(api_.invoke(put_event("warm", 1)).body, kSuccess);
  const std::string of_sleeper =
      query("SELECT pid FROM pg_stat_activity WHERE application_name = 'dynamite/lambda'");
  {
    pg::Transaction holder{*connection};
    holder.run(
        fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.targets.front().qualified_name()));
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
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "warm");
  // Nor does a repeat that comes later still.
  EXPECT_EQ(api_.invoke(put_event("a", 2)).body, kSuccess);
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "warm");
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
