#include "lambda/runtime_loop.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "support/errors.hpp"
#include "support/runtime_api.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using ::testing::HasSubstr;

std::string echo(Invocation invocation) { return "echo of " + invocation.event; }

/// A RuntimeLoop that serves in a thread.
class RuntimeLoopTest : public ::testing::Test {
 protected:
  void serve(InvocationHandler handler) {
    thread_ = std::jthread{[this, handler = std::move(handler)](const std::stop_token& stop) {
      try {
        RuntimeLoop{*transport_, api_.address()}.run(handler, stop);
        end_ = "returned";
      } catch (const std::exception& error) {
        end_ = error.what();
      }
    }};
  }

  std::string stopped() {
    thread_.request_stop();
    return ended();
  }
  std::string ended() {
    thread_.join();
    return end_;
  }

  RuntimeApi api_;
  std::unique_ptr<Transport> transport_ = make_curl_transport();
  std::string end_;
  std::jthread thread_;
};

TEST_F(RuntimeLoopTest, AnswersEachInvocationWithItsOwnResponse) {
  serve(echo);

  const RuntimeAnswer first = api_.invoke("one");
  const RuntimeAnswer second = api_.invoke("two");

  EXPECT_EQ(first.request_id, "request-1");
  EXPECT_EQ(first.body, "echo of one");
  EXPECT_FALSE(first.error);
  EXPECT_EQ(second.request_id, "request-2");
  EXPECT_EQ(second.body, "echo of two");
}

TEST_F(RuntimeLoopTest, HandsOverTheDeadline) {
  serve([](const Invocation& invocation) {
    return std::to_string(invocation.deadline.time_since_epoch() / 1ms);
  });

  EXPECT_EQ(api_.invoke("", "1768478400123").body, "1768478400123");
  EXPECT_EQ(api_.invoke("", "nonsense").body, "0");
  EXPECT_EQ(api_.invoke("", "99999999999999999").body, "7258118400000");
}

TEST_F(RuntimeLoopTest, AnswersAnErrorWithKindMessageAndHint) {
  serve([](const Invocation&) -> std::string {
    throw Error{Error::Kind::usage, "no replica belongs to \"T\"\n", "run `dynamite bootstrap`"};
  });

  const RuntimeAnswer answer = api_.invoke("");

  EXPECT_TRUE(answer.error);
  EXPECT_EQ(answer.error_type, "Dynamite.usage");
  EXPECT_EQ(
      answer.body,
      R"({"errorMessage":"no replica belongs to \"T\"\u000a; hint: run `dynamite bootstrap`",)"
      R"("errorType":"Dynamite.usage","stackTrace":[]})");
}

TEST_F(RuntimeLoopTest, ServesOnAfterAnError) {
  serve([](Invocation invocation) -> std::string {
    if (invocation.event == "bad") throw Error{Error::Kind::transient, "not now"};
    return echo(std::move(invocation));
  });

  EXPECT_EQ(api_.invoke("bad").error_type, "Dynamite.transient");
  EXPECT_EQ(api_.invoke("good").body, "echo of good");
}

TEST_F(RuntimeLoopTest, EndsAfterAnExceptionThatIsNoError) {
  serve([](const Invocation&) -> std::string { throw std::logic_error{"boom"}; });

  const RuntimeAnswer answer = api_.invoke("");

  EXPECT_EQ(answer.error_type, "Dynamite.bug");
  EXPECT_THAT(answer.body, HasSubstr("boom"));
  EXPECT_EQ(ended(), "boom");
}

TEST_F(RuntimeLoopTest, TurnsAResponseThatIsTooLargeIntoAnError) {
  serve(echo);
  api_.refuse_response(413);

  const RuntimeAnswer answer = api_.invoke("large");

  EXPECT_TRUE(answer.error);
  EXPECT_EQ(answer.request_id, "request-1");
  EXPECT_THAT(answer.body, HasSubstr("too large"));
}

TEST_F(RuntimeLoopTest, ServesOnWhenLambdaNoLongerWantsTheResponse) {
  serve(echo);
  api_.refuse_response(403);
  api_.push("late");

  EXPECT_EQ(api_.invoke("next").request_id, "request-2");
}

TEST_F(RuntimeLoopTest, EndsWhenLambdaFails) {
  serve(echo);
  api_.refuse_response(500);
  api_.push("");

  EXPECT_THAT(ended(), HasSubstr("HTTP 500"));
}

TEST_F(RuntimeLoopTest, EndsWhenTheCallForWorkIsRefused) {
  api_.answer_next({.status = 500, .headers = {}, .body = ""});
  serve(echo);

  EXPECT_THAT(ended(), HasSubstr("HTTP 500"));
  EXPECT_EQ(api_.calls_for_work(), 1);
}

TEST_F(RuntimeLoopTest, RefusesAnInvocationWithoutARequestId) {
  api_.answer_next({.status = 200, .headers = {}, .body = "{}"});
  serve(echo);

  EXPECT_THAT(ended(), HasSubstr("without a request id"));
}

TEST_F(RuntimeLoopTest, FailsWhenNobodyEverAnswers) {
  api_.answer_next({.cut_after_bytes = 0});
  serve(echo);

  EXPECT_THAT(ended(), HasSubstr("no answer from http://127.0.0.1"));
}

TEST_F(RuntimeLoopTest, EndsQuietlyWhenALocalRuntimeGoesAway) {
  serve(echo);
  api_.invoke("last");
  api_.answer_next({.cut_after_bytes = 0});

  EXPECT_EQ(ended(), "returned");
}

TEST_F(RuntimeLoopTest, AStopEndsTheWaitForWork) {
  serve(echo);
  api_.invoke("one");
  const auto start = std::chrono::steady_clock::now();

  EXPECT_EQ(stopped(), "returned");

  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(RuntimeLoopTest, AsksForWorkPastAProxyThatIsMeantForAws) {
  setenv("http_proxy", "http://127.0.0.1:9", 1);
  serve(echo);

  EXPECT_EQ(api_.invoke("one").body, "echo of one");

  unsetenv("http_proxy");
}

TEST_F(RuntimeLoopTest, ReportsAFailedStart) {
  RuntimeLoop{*transport_, api_.address()}.init_error(
      Error{Error::Kind::usage, "the password is wrong"});

  const RuntimeAnswer answer = api_.wait_for_answer();

  EXPECT_EQ(answer.request_id, "init");
  EXPECT_EQ(answer.error_type, "Dynamite.usage");
  EXPECT_THAT(answer.body, HasSubstr("the password is wrong"));
}

TEST_F(RuntimeLoopTest, AFailedStartThatCannotBeReportedEndsByItsOwnError) {
  RuntimeLoop nobody_there{*transport_, "127.0.0.1:1"};

  EXPECT_NO_THROW(nobody_there.init_error(Error{Error::Kind::usage, "the password is wrong"}));
}

constexpr system_clock::time_point kNow{std::chrono::hours{490'000}};

TEST(CommitDeadline, LeavesHalfASecondForTheAnswer) {
  EXPECT_EQ(commit_deadline(kNow + 30s, kNow), kNow + 29'500ms);
}

TEST(CommitDeadline, LeavesAQuarterOfAShortTime) {
  EXPECT_EQ(commit_deadline(kNow + 1s, kNow), kNow + 750ms);
}

TEST(CommitDeadline, KeepsADeadlineThatHasJustPassed) {
  EXPECT_EQ(commit_deadline(kNow - 40s, kNow), kNow - 40s);
}

TEST(CommitDeadline, DoesNotBelieveAConstant) {
  const system_clock::time_point of_vercel_fun{5'000ms};

  EXPECT_EQ(commit_deadline(of_vercel_fun, kNow), kNow + 60s);
}

TEST(CommitDeadline, DoesNotBelieveMoreThanAnInvocationCanLast) {
  EXPECT_EQ(commit_deadline(kNow + 24h, kNow), kNow + 60s);
  EXPECT_EQ(commit_deadline(kNow + 900s, kNow), kNow + 899'500ms);
}

}  // namespace
}  // namespace dynamite::test
