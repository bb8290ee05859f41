#include "aws/aws_error.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <simdjson.h>

#include <array>

#include "support/fake_transport.hpp"
#include "support/testdata.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using enum Error::Kind;
using enum Reaction;

Failure failure(const HttpResponse& response) {
  auto found = dynamite::failure_of(response, {.operation = "Scan"});
  if (!found) throw std::logic_error{"that is a result: " + response.body};
  return std::move(*found);
}

bool is_result(const HttpResponse& response) {
  return !dynamite::failure_of(response, {.operation = "Scan"}).has_value();
}

struct Wanted {
  std::string name;
  Error::Kind kind;
  Reaction reaction;
};

// The answers of errors.json in order.
const std::array kWanted{
    Wanted{"ExpiredIteratorException", transient, give_up},
    Wanted{"TrimmedDataAccessException", gap, give_up},
    Wanted{"LimitExceededException", transient, retry_throttled},
    Wanted{"ResourceNotFoundException", gone, give_up},
    Wanted{"ThrottlingException", transient, retry_throttled},
    Wanted{"ProvisionedThroughputExceededException", transient, retry_throttled},
    Wanted{"ValidationException", bug, give_up},
    Wanted{"UnrecognizedClientException", usage, refresh_credentials},
    Wanted{"ExpiredTokenException", usage, refresh_credentials},
    Wanted{"InvalidSignatureException", usage, correct_clock},
    Wanted{"InternalServerError", transient, retry},
    Wanted{"", bug, give_up},     // 413
    Wanted{"", transient, retry}  // 503 in HTML
};

TEST(AwsErrors, OfAllFormsAreKnown) {
  simdjson::dom::parser parser;
  const simdjson::padded_string json{read_testdata("events/synthetic/streams-api/errors.json")};
  std::size_t index = 0;
  for (const simdjson::dom::element form : parser.parse(json).get_array()) {
    ASSERT_LT(index, kWanted.size());
    const Wanted& wanted = kWanted.at(index++);
    std::string_view raw;
    const std::string body = form["body_raw"].get(raw) == simdjson::SUCCESS
                                 ? std::string{raw}
                                 : simdjson::minify(form["body"].value());

    const Failure seen = failure(answer(static_cast<int>(form["status"].get_int64()), body));

    EXPECT_EQ(seen.error.name(), wanted.name);
    EXPECT_EQ(seen.error.kind(), wanted.kind) << body;
    EXPECT_EQ(seen.reaction, wanted.reaction) << body;
  }
  EXPECT_EQ(index, kWanted.size());
}

std::string name_in(const std::string& body) { return failure(answer(400, body)).error.name(); }

TEST(AwsErrors, HaveTheirNameWithoutNamespaceAndAddress) {
  EXPECT_EQ(name_in(R"({"__type":"ResourceNotFoundException"})"), "ResourceNotFoundException");
  EXPECT_EQ(name_in(R"({"__type":"com.amazonaws.x#ResourceNotFoundException:http://a.b/c#d"})"),
            "ResourceNotFoundException");
  EXPECT_EQ(name_in(R"({"code":"a.b#ThrottlingException"})"), "ThrottlingException");
}

TEST(AwsErrors, TakeTheNameOfTheHeaderFirst) {
  const Failure seen = failure(answer(400, R"({"__type":"ValidationException","message":"m"})",
                                      {{"x-amzn-errortype", "AccessDeniedException:http://x/"}}));

  EXPECT_EQ(seen.error.name(), "AccessDeniedException");
  EXPECT_EQ(seen.error.kind(), usage);
  EXPECT_EQ(seen.error.hint(), "allow the action dynamodb:Scan");
}

TEST(AwsErrors, SayWhatAwsSays) {
  EXPECT_STREQ(
      failure(answer(400, R"({"__type":"AccessDeniedException","message":"no"})")).error.what(),
      "Scan: AccessDeniedException: no");
  EXPECT_STREQ(
      failure(answer(400, R"({"__type":"AccessDeniedException","Message":"No"})")).error.what(),
      "Scan: AccessDeniedException: No");
  EXPECT_STREQ(failure(answer(400, R"({"__type":"AccessDeniedException"})")).error.what(),
               "Scan: AccessDeniedException");
}

TEST(AwsErrors, SayNothingOfTheCanonicalRequestWhichHoldsTheSessionToken) {
  const std::string body =
      R"({"__type":"a#InvalidSignatureException","message":"The signature does not match.\n\n)"
      R"(The Canonical String for this request should have been\n'POST\n/\n\nhost:dynamodb\n)"
      R"(x-amz-security-token:geheim\n'"})";

  EXPECT_STREQ(failure(answer(400, body)).error.what(),
               "Scan: InvalidSignatureException: The signature does not match.");
}

TEST(AwsErrors, HintAtCredentialsOnlyWhereTheyAreAtFault) {
  EXPECT_THAT(failure(refusal("ExpiredTokenException")).error.hint(), HasSubstr("AWS_PROFILE"));
  EXPECT_THAT(failure(refusal("SignatureDoesNotMatch")).error.hint(), HasSubstr("clock"));
  EXPECT_THAT(failure(refusal("ExpiredIteratorException")).error.hint(), IsEmpty());
}

TEST(AwsErrors, MayComeWithStatus200) {
  const std::string body =
      R"({"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"bad key"})";

  EXPECT_EQ(failure(answer(200, body)).error.name(), "UnrecognizedClientException");
  EXPECT_EQ(failure(answer(200, R"({"message":")" + std::string(9'000, 'x') +
                                    R"(","__type":"ValidationException"})"))
                .error.name(),
            "ValidationException");
  EXPECT_EQ(failure(answer(200, "", {{"x-amzn-errortype", "ThrottlingException"}})).reaction,
            retry_throttled);
}

TEST(AwsErrors, AreNotSeenInResultsThatHoldTheirWords) {
  for (const char* body : {"{}", R"({"Item":{"__type":{"S":"ThrottlingException"}}})",
                           R"({"Items":[{"__type":{"S":"x"},"code":{"S":"y"}}],"Count":1})",
                           R"({"code":"x","Item":{"__type":{"S":"x"}}})",
                           R"({"TableNames":["__type"]})", R"({"TableNames":["\"__type\""]})"})
    EXPECT_TRUE(is_result(answer(200, body))) << body;
}

TEST(AwsErrors, WithoutANameMayPass) {
  for (const int status : {302, 403, 404, 500, 502, 503, 504})
    for (const char* body : {"", "<html></html>", "{}", "[1]", R"({"__type":5})"}) {
      const Failure seen = failure(answer(status, body));
      EXPECT_EQ(seen.error.kind(), transient) << status << body;
      EXPECT_EQ(seen.reaction, retry) << status << body;
      EXPECT_THAT(seen.error.what(), HasSubstr(std::to_string(status)));
    }
  EXPECT_EQ(failure(answer(429, "")).reaction, retry_throttled);
  EXPECT_THAT(failure(answer(403, "<html>")).error.hint(), HasSubstr("proxy"));
}

TEST(AwsErrors, OfUnknownNamesAreJudgedByTheirStatus) {
  const std::string body = R"({"__type":"a#NewException","message":"m"})";

  EXPECT_EQ(failure(answer(400, body)).error.kind(), bug);
  EXPECT_EQ(failure(answer(400, body)).reaction, give_up);
  EXPECT_EQ(failure(answer(503, body)).error.kind(), transient);
  EXPECT_EQ(failure(answer(503, body)).reaction, retry);
  EXPECT_EQ(failure(answer(429, body)).reaction, retry_throttled);
}

TEST(AwsErrors, IncludeASumThatDoesNotFit) {
  // 3421780262 is the published CRC-32 of "123456789".
  EXPECT_TRUE(is_result(answer(200, "123456789", {{"x-amz-crc32", "3421780262"}})));

  const Failure seen = failure(answer(200, "123456788", {{"x-amz-crc32", "3421780262"}}));

  EXPECT_EQ(seen.error.kind(), transient);
  EXPECT_EQ(seen.reaction, retry);
  EXPECT_THAT(seen.error.what(), Not(HasSubstr("123456788")));
}

}  // namespace
}  // namespace dynamite::test
