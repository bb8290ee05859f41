#include "lambda/event_source_mapping.hpp"

#include <gmock/gmock.h>

#include "support/errors.hpp"
#include "support/fake_transport.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::string kStream =
    "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026-01-15T12:00:00.123";
const std::chrono::system_clock::time_point kNow{1'700'000'000s};

TEST(EventSourceMappings, AreReadPageByPage) {
  FakeAws aws;
  aws.transport.then(200, R"({"EventSourceMappings":[{"UUID":"u-1","State":"Enabled",
    "LastProcessingResult":"OK","FunctionResponseTypes":["ReportBatchItemFailures"],
    "MaximumRecordAgeInSeconds":3600}],"NextMarker":"m 1"})");
  aws.transport.then(200, R"({"EventSourceMappings":[{"UUID":"u-2","State":"Disabled",
    "LastProcessingResult":"PROBLEM: Function call failed","MaximumRecordAgeInSeconds":-1}],
    "NextMarker":null})");

  const auto mappings = event_source_mappings(aws.client, kStream, "copy");

  ASSERT_THAT(mappings, SizeIs(2));
  EXPECT_TRUE(mappings[0].reports_batch_item_failures);
  EXPECT_EQ(mappings[0].record_age_max, 3600s);
  EXPECT_EQ(mappings[1].uuid, "u-2");
  EXPECT_EQ(mappings[1].state, "Disabled");
  EXPECT_EQ(mappings[1].last_result, "PROBLEM: Function call failed");
  EXPECT_FALSE(mappings[1].reports_batch_item_failures);
  EXPECT_FALSE(mappings[1].record_age_max);
  const auto& requests = aws.transport.requests();
  EXPECT_EQ(requests[0].method, "GET");
  EXPECT_EQ(requests[0].url,
            "https://lambda.eu-west-1.amazonaws.com/2015-03-31/event-source-mappings/"
            "?EventSourceArn=arn%3Aaws%3Adynamodb%3Aeu-west-1%3A111122223333%3Atable%2Forders%2F"
            "stream%2F2026-01-15T12%3A00%3A00.123&FunctionName=copy");
  EXPECT_THAT(requests[1].url, EndsWith("&FunctionName=copy&Marker=m%201"));
}

TEST(EventSourceMappings, ADenialNamesTheAction) {
  FakeAws aws;
  aws.transport.then(answer(403, R"({"Message":"not authorized"})",
                            {{"x-amzn-errortype", "AccessDeniedException"}}));

  try {
    event_source_mappings(aws.client, kStream, "copy");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.hint(), "allow the action lambda:ListEventSourceMappings");
  }
}

TEST(IteratorAge, IsTheLargestOfAllHours) {
  FakeAws aws;
  aws.transport.then(
      200, R"(<GetMetricStatisticsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">
  <GetMetricStatisticsResult><Datapoints>
    <member><Timestamp>2023-11-14T21:00:00Z</Timestamp><Maximum>1250.0</Maximum></member>
    <member><Timestamp>2023-11-14T22:00:00Z</Timestamp><Maximum>8.28E7</Maximum></member>
    <member><Timestamp>2023-11-14T20:00:00Z</Timestamp><Maximum>3.0</Maximum></member>
  </Datapoints><Label>IteratorAge</Label></GetMetricStatisticsResult>
</GetMetricStatisticsResponse>)");

  EXPECT_EQ(iterator_age_max(aws.client, "copy", {kNow - 2h, kNow}), 82'800'000ms);

  const HttpRequest& request = aws.transport.requests()[0];
  EXPECT_EQ(request.url, "https://monitoring.eu-west-1.amazonaws.com/");
  EXPECT_THAT(request.body,
              AllOf(HasSubstr("Action=GetMetricStatistics&"), HasSubstr("Version=2010-08-01"),
                    HasSubstr("StartTime=2023-11-14T20%3A13%3A20Z"),
                    HasSubstr("Dimensions.member.1.Value=copy")));
}

TEST(IteratorAge, IsAbsentWithoutInvocations) {
  FakeAws aws;
  aws.transport.then(200,
                     "<GetMetricStatisticsResponse><GetMetricStatisticsResult><Datapoints/>"
                     "</GetMetricStatisticsResult></GetMetricStatisticsResponse>");

  EXPECT_FALSE(iterator_age_max(aws.client, "copy", {kNow - 2h, kNow}));
}

TEST(IteratorAge, ADenialInXmlNamesTheAction) {
  FakeAws aws;
  aws.transport.then(403,
                     "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                     "<Message>no</Message></Error></ErrorResponse>");

  try {
    iterator_age_max(aws.client, "copy", {kNow - 2h, kNow});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_EQ(error.hint(), "allow the action cloudwatch:GetMetricStatistics");
  }
}

}  // namespace
}  // namespace dynamite::test
