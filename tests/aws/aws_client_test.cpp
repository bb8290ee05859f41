#include "aws/aws_client.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "aws/sigv4.hpp"
#include "support/errors.hpp"
#include "support/fake_transport.hpp"

namespace dynamite::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Key;
using testing::Le;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

std::string header(const HttpRequest& request, std::string_view name) {
  const auto found = std::ranges::find(request.headers, name, &Headers::value_type::first);
  return found == request.headers.end() ? "" : found->second;
}

/// What the signature must be over all headers but itself and that which proxies may change.
std::string wanted_authorization(const HttpRequest& request, const Credentials& keys) {
  Headers signed_headers = request.headers;
  std::erase_if(signed_headers, [](const auto& entry) {
    return entry.first == "authorization" || entry.first == "accept-encoding";
  });
  return authorization({"POST", "/", "", signed_headers, request.body}, {"eu-west-1", "dynamodb"},
                       keys, header(request, "x-amz-date"));
}

/// The name of the AwsError that a Scan ends with.
std::string refused_with(FakeAws& aws) {
  try {
    aws.client.call(Service::dynamodb, "Scan", "{}");
  } catch (const AwsError& error) {
    return error.name();
  }
  return {};
}

TEST(AwsClient, SendsASignedJsonPost) {
  FakeAws aws;
  aws.transport.then(200, R"({"Count":0})");

  const std::string body = aws.client.call(Service::dynamodb, "Scan", R"({"TableName":"T"})");

  EXPECT_EQ(body, R"({"Count":0})");
  ASSERT_THAT(aws.transport.requests(), SizeIs(1));
  const HttpRequest& request = aws.transport.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://dynamodb.eu-west-1.amazonaws.com/");
  EXPECT_EQ(request.body, R"({"TableName":"T"})");
  EXPECT_EQ(header(request, "content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(header(request, "host"), "dynamodb.eu-west-1.amazonaws.com");
  EXPECT_EQ(header(request, "x-amz-target"), "DynamoDB_20120810.Scan");
  EXPECT_EQ(header(request, "accept-encoding"), "identity");
  EXPECT_EQ(header(request, "authorization"),
            wanted_authorization(request, {"KEY1", "secret", ""}));
  EXPECT_THAT(request.headers, Not(Contains(Key("x-amz-security-token"))));
}

TEST(AwsClient, CallsStreamsAtTheirOwnEndpoint) {
  FakeAws aws;
  aws.transport.then(200, "{}");

  aws.client.call(Service::streams, "GetRecords", "{}");

  const HttpRequest& request = aws.transport.requests().at(0);
  EXPECT_EQ(request.url, "https://streams.dynamodb.eu-west-1.amazonaws.com/");
  EXPECT_EQ(header(request, "x-amz-target"), "DynamoDBStreams_20120810.GetRecords");
  EXPECT_THAT(header(request, "authorization"), HasSubstr("/eu-west-1/dynamodb/aws4_request"));
}

TEST(AwsClient, SignsThePortOfAGivenEndpoint) {
  AwsOptions options = quick_options();
  options.endpoints[Service::dynamodb] = "http://127.0.0.1:8000";
  FakeAws aws{options};
  aws.transport.then(200, "{}");

  aws.client.call(Service::dynamodb, "Scan", "{}");

  const HttpRequest& request = aws.transport.requests().at(0);
  EXPECT_EQ(request.url, "http://127.0.0.1:8000/");
  EXPECT_EQ(header(request, "host"), "127.0.0.1:8000");
}

TEST(AwsClient, SignsTheSessionToken) {
  FakeAws aws;
  aws.keys.session_token = "to//ken==";
  aws.transport.then(200, "{}");

  aws.client.call(Service::dynamodb, "Scan", "{}");

  const HttpRequest& request = aws.transport.requests().at(0);
  EXPECT_EQ(header(request, "x-amz-security-token"), "to//ken==");
  EXPECT_THAT(header(request, "authorization"), HasSubstr("x-amz-security-token"));
  EXPECT_EQ(header(request, "authorization"),
            wanted_authorization(request, {"KEY1", "secret", "to//ken=="}));
}

TEST(AwsClient, RepeatsWhatMayPassAndSignsItAnew) {
  FakeAws aws;
  aws.transport.then(refusal("ProvisionedThroughputExceededException"));
  aws.transport.then(500, R"({"__type":"InternalServerError"})");
  aws.transport.then(503, "<html>503</html>");
  aws.transport.then(500, "");
  aws.transport.then(answer(200, "damaged", {{"x-amz-crc32", "1"}}));
  aws.transport.then(std::nullopt);
  aws.transport.then(200, "at last");

  EXPECT_EQ(aws.client.call(Service::dynamodb, "Scan", "{}"), "at last");

  ASSERT_THAT(aws.transport.requests(), SizeIs(7));
  for (std::size_t i = 0; i < 7; ++i) {
    const HttpRequest& request = aws.transport.requests()[i];
    EXPECT_EQ(header(request, "authorization"),
              wanted_authorization(request, {"KEY" + std::to_string(i + 1), "secret", ""}));
  }
}

TEST(AwsClient, DoesNotRepeatWhatWillNotPass) {
  for (const char* name :
       {"ResourceNotFoundException", "ValidationException", "AccessDeniedException",
        "ExpiredIteratorException", "TrimmedDataAccessException"}) {
    FakeAws aws;
    aws.transport.then(refusal(name));

    EXPECT_EQ(refused_with(aws), name);
    EXPECT_THAT(aws.transport.requests(), SizeIs(1));
  }
}

TEST(AwsClient, GivesUpWhenTheAttemptsAreUsedUp) {
  AwsOptions options = quick_options();
  options.attempts_max = 3;
  FakeAws aws{options};
  aws.transport.forever(refusal("ThrottlingException"));

  EXPECT_EQ(refused_with(aws), "ThrottlingException");
  EXPECT_THAT(aws.transport.requests(), SizeIs(3));
}

TEST(AwsClient, PausesLongerAfterAThrottle) {
  AwsOptions options = quick_options();
  options.retry_delay_max = std::chrono::milliseconds{100};
  FakeAws aws{options};
  const auto begin = std::chrono::steady_clock::now();

  for (int i = 0; i < 10; ++i) {
    aws.transport.then(refusal("ThrottlingException"));
    aws.transport.then(200, "ok");
    aws.client.call(Service::dynamodb, "Scan", "{}");
  }

  // Ten other pauses would be at most 25 ms each. The jitter has its seed.
  EXPECT_GT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{300});
}

TEST(AwsClient, CountsBrokenConnectionsAsAttempts) {
  AwsOptions options = quick_options();
  options.attempts_max = 2;
  FakeAws aws{options};
  aws.transport.then(std::nullopt);
  aws.transport.then(std::nullopt);

  EXPECT_EQ(failure_of([&] { aws.client.call(Service::dynamodb, "Scan", "{}"); }),
            "transient: Scan: the connection broke");
  EXPECT_TRUE(aws.transport.at_end());
}

TEST(AwsClient, DoesNotRepeatBeyondItsBudget) {
  AwsOptions options = quick_options();
  options.attempts_max = 1'000;
  FakeAws aws{options};
  aws.transport.forever(refusal("ThrottlingException"));

  // 500 at 5 a retry: a hundred, for all calls together.
  EXPECT_EQ(refused_with(aws), "ThrottlingException");
  EXPECT_THAT(aws.transport.requests(), SizeIs(101));
  EXPECT_EQ(refused_with(aws), "ThrottlingException");
  EXPECT_THAT(aws.transport.requests(), SizeIs(102));
}

TEST(AwsClient, EarnsItsBudgetBack) {
  AwsOptions options = quick_options();
  options.attempts_max = 1'000;
  FakeAws aws{options};
  for (int i = 0; i < 101; ++i) aws.transport.then(refusal("ThrottlingException"));
  EXPECT_EQ(refused_with(aws), "ThrottlingException");
  for (int i = 0; i < 5; ++i) aws.transport.then(200, "{}");
  for (int i = 0; i < 5; ++i) aws.client.call(Service::dynamodb, "Scan", "{}");

  aws.transport.then(refusal("ThrottlingException"));
  aws.transport.then(200, "one more");

  EXPECT_EQ(aws.client.call(Service::dynamodb, "Scan", "{}"), "one more");
}

TEST(AwsClient, AsksForOtherCredentialsOnce) {
  FakeAws aws;
  aws.transport.then(refusal("ExpiredTokenException"));
  aws.transport.then(200, "ok");
  aws.transport.then(refusal("ExpiredTokenException"));
  aws.transport.then(refusal("UnrecognizedClientException"));

  EXPECT_EQ(aws.client.call(Service::dynamodb, "Scan", "{}"), "ok");
  EXPECT_THAT(header(aws.transport.requests().at(1), "authorization"),
              HasSubstr("Credential=KEY2/"));
  EXPECT_EQ(refused_with(aws), "UnrecognizedClientException");
  EXPECT_TRUE(aws.transport.at_end());
}

TEST(AwsClient, TakesTheTimeFromTheServerWhenItsOwnIsWrong) {
  FakeAws aws;
  HttpResponse skewed = refusal("InvalidSignatureException", "Signature not yet current");
  skewed.headers.emplace_back("date", "Thu, 15 Jan 2026 12:34:56 GMT");
  aws.transport.then(skewed);
  aws.transport.then(200, "ok");
  aws.transport.then(200, "ok");

  aws.client.call(Service::dynamodb, "Scan", "{}");
  aws.client.call(Service::dynamodb, "Scan", "{}");

  for (const std::size_t i : {1U, 2U}) {
    const HttpRequest& request = aws.transport.requests().at(i);
    EXPECT_THAT(header(request, "x-amz-date"),
                AllOf(Ge("20260115T123456Z"), Le("20260115T123530Z")));
    EXPECT_EQ(header(request, "authorization"),
              wanted_authorization(request, {"KEY" + std::to_string(i + 1), "secret", ""}));
  }
}

TEST(AwsClient, CorrectsTheTimeOnlyOnceACall) {
  FakeAws aws;
  aws.transport.forever(refusal("SignatureDoesNotMatch"));

  EXPECT_EQ(refused_with(aws), "SignatureDoesNotMatch");
  EXPECT_THAT(aws.transport.requests(), SizeIs(2));
}

TEST(AwsClient, PassesTheTraceIdOn) {
  std::string trace_id;
  AwsOptions options = quick_options();
  options.trace_id = [&] { return trace_id; };
  FakeAws aws{options};
  aws.transport.forever(answer(200, "ok"));

  aws.client.call(Service::dynamodb, "Scan", "{}");
  trace_id = "Root=1-5e1b4151-43a0913a12345678;Sampled=1";
  aws.client.call(Service::dynamodb, "Scan", "{}");

  EXPECT_EQ(header(aws.transport.requests().at(0), "x-amzn-trace-id"), "");
  EXPECT_EQ(header(aws.transport.requests().at(1), "x-amzn-trace-id"), trace_id);
}

TEST(AwsClient, StopsWhileItPauses) {
  FakeAws aws{{.region = "eu-west-1"}};
  aws.transport.forever(refusal("ThrottlingException"));
  std::stop_source stop;
  const std::jthread stopper{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    stop.request_stop();
  }};
  const auto begin = std::chrono::steady_clock::now();

  const Error error =
      error_of([&] { aws.client.call(Service::dynamodb, "Scan", "{}", stop.get_token()); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_STREQ(error.what(), "Scan was stopped");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
}

TEST(AwsClient, DoesNotRepeatAfterAStop) {
  FakeAws aws;
  aws.transport.then(std::nullopt);
  std::stop_source stop;
  stop.request_stop();

  EXPECT_THAT(
      failure_of([&] { aws.client.call(Service::dynamodb, "Scan", "{}", stop.get_token()); }),
      StartsWith("transient: "));
  EXPECT_TRUE(aws.transport.at_end());
}

TEST(AwsClient, PassesOnThatThereAreNoCredentials) {
  struct None : CredentialsProvider {
    Credentials get() override { throw Error{Error::Kind::usage, "no AWS credentials"}; }
  } none;
  FakeTransport transport;
  AwsClient client{quick_options(), transport, none};

  EXPECT_EQ(failure_of([&] { client.call(Service::dynamodb, "Scan", "{}"); }),
            "usage: no AWS credentials");
  EXPECT_THAT(transport.requests(), SizeIs(0));
}

/// Remembers what was refused.
class WatchedCredentials : public FakeCredentials {
 public:
  void invalidate(const Credentials& keys) override { refused.push_back(keys.access_key_id); }
  std::vector<std::string> refused;
};

TEST(AwsClient, SaysWhichKeysWereRefused) {
  FakeTransport transport;
  WatchedCredentials keys;
  AwsClient client{quick_options(), transport, keys};
  transport.then(refusal("ThrottlingException"));
  transport.then(refusal("ExpiredTokenException"));
  transport.then(200, "ok");

  EXPECT_EQ(client.call(Service::dynamodb, "Scan", "{}"), "ok");
  EXPECT_THAT(keys.refused, ElementsAre("KEY2"));
}

TEST(AwsClient, WaitsAsLongAsTheServiceAsksFor) {
  AwsOptions options = quick_options();
  options.retry_delay_max = std::chrono::milliseconds{200};
  FakeAws aws{options};
  HttpResponse busy = answer(500, "");
  busy.headers.emplace_back("x-amz-retry-after", "150");
  aws.transport.then(busy);
  aws.transport.then(200, "ok");
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EQ(aws.client.call(Service::dynamodb, "Scan", "{}"), "ok");

  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{150});
}

TEST(AwsClient, IsCalledFromManyThreads) {
  AwsOptions options = quick_options();
  options.attempts_max = 1'000;
  FakeAws aws{options};
  for (int i = 0; i < 400; ++i) {
    if (i % 10 == 0) aws.transport.then(refusal("ThrottlingException"));
    aws.transport.then(200, "ok");
  }
  std::atomic<int> answers = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread)
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i)
          if (aws.client.call(Service::dynamodb, "Scan", "{}") == "ok") ++answers;
      });
  }

  EXPECT_EQ(answers, 400);
  EXPECT_TRUE(aws.transport.at_end());
}

}  // namespace
}  // namespace dynamite::test
