#include <gmock/gmock.h>
#include <spdlog/spdlog.h>

#include <vector>

#include "aws/aws_client.hpp"
#include "support/errors.hpp"
#include "support/fake_transport.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;

TEST(AwsClient, NamesWhatTheCallWasAbout) {
  const std::vector<std::pair<const char*, const char*>> calls{
      {R"({"TableName":"Orders","Limit":1})", "Scan of \"Orders\": ResourceNotFoundException: no"},
      {R"({"StreamArn":"arn:aws:s"})", "Scan of \"arn:aws:s\": ResourceNotFoundException: no"},
      {R"({"ShardIterator":"arn:aws:s|1|xyz"})",
       "Scan of \"arn:aws:s\": ResourceNotFoundException: no"},
      {R"({"RequestItems":{"Orders":{"Keys":[]}}})",
       "Scan of \"Orders\": ResourceNotFoundException: no"},
      {R"({"ShardIterator":"opaque"})", "Scan: ResourceNotFoundException: no"}};
  for (const auto& [body, message] : calls) {
    FakeAws aws;
    aws.transport.then(refusal("ResourceNotFoundException"));
    EXPECT_THAT(failure_of([&] { aws.client.call(Service::dynamodb, "Scan", body); }),
                HasSubstr(message))
        << body;
  }
}

TEST(AwsClient, AnAnswerOfAProxyNamesIt) {
  FakeAws aws{{.region = "eu-west-1", .attempts_max = 1}};
  HttpResponse bad = answer(502, "<html>Bad Gateway</html>");
  bad.proxy = "proxy.example:3128";
  aws.transport.then(bad);

  const Error error =
      error_of([&] { aws.client.call(Service::dynamodb, "Scan", R"({"TableName":"Orders"})"); });

  EXPECT_STREQ(error.what(),
               "Scan of \"Orders\" answered HTTP 502 without an error's name through the proxy "
               "proxy.example:3128");
  EXPECT_THAT(error.hint(), HasSubstr("NO_PROXY"));
}

TEST(AwsClient, SaysEachRepeatAtLevelDebug) {
  FakeAws aws;
  aws.transport.then(refusal("ThrottlingException"));
  aws.transport.then(200, "{}");
  spdlog::set_level(spdlog::level::debug);
  testing::internal::CaptureStdout();

  aws.client.call(Service::dynamodb, "Scan", R"({"TableName":"Orders"})");

  const std::string said = testing::internal::GetCapturedStdout();
  spdlog::set_level(spdlog::level::info);
  EXPECT_THAT(said, HasSubstr("repeating call=Scan attempt=1 pause_ms="));
  EXPECT_THAT(said, HasSubstr(R"(reason="Scan of \"Orders\": ThrottlingException: no")"));
}

TEST(AwsClient, SaysWhatAVpcNeedsToReachTheService) {
  const auto hint = [](Service service, const AwsOptions& options) {
    FakeAws aws{options};
    aws.transport.then(std::nullopt);
    return error_of([&] { aws.client.call(service, "Anything", "{}"); }).hint();
  };
  AwsOptions options = quick_options();
  options.attempts_max = 1;
  EXPECT_THAT(hint(Service::dynamodb, options), HasSubstr("the gateway endpoint of DynamoDB or"));
  EXPECT_THAT(hint(Service::streams, options), HasSubstr("endpoint of DynamoDB Streams or"));
  EXPECT_THAT(hint(Service::lambda, options), HasSubstr("interface endpoint of Lambda or"));
  EXPECT_THAT(hint(Service::cloudwatch, options), HasSubstr("CloudWatch (monitoring) or"));
  EXPECT_THAT(hint(Service::secrets_manager, options), HasSubstr("of Secrets Manager or"));
  EXPECT_THAT(hint(Service::sts, options), HasSubstr("interface endpoint of STS or"));

  options.endpoints[Service::sts] = "http://127.0.0.1:1";
  EXPECT_THAT(hint(Service::sts, options), HasSubstr("AWS_ENDPOINT_URL"));
}

}  // namespace
}  // namespace dynamite::test
