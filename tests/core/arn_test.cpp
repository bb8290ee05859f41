#include "core/arn.hpp"

#include <gmock/gmock.h>

#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::failure_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(StreamArn, IsTakenApart) {
  const StreamArn arn = parse_stream_arn(
      "arn:aws:dynamodb:us-east-1:111122223333:table/Orders/stream/2026-01-15T12:00:00.123");

  EXPECT_EQ(arn.table_arn, "arn:aws:dynamodb:us-east-1:111122223333:table/Orders");
  EXPECT_EQ(arn.table_name, "Orders");
  EXPECT_EQ(arn.label, "2026-01-15T12:00:00.123");
  EXPECT_EQ(arn.generation, 1'768'478'400'123U);
}

TEST(StreamArn, OfAnyPartitionAndNameIsTaken) {
  EXPECT_EQ(parse_stream_arn("arn:aws-cn:dynamodb:cn-north-1:1:table/a.B-_9/stream/"
                             "2020-02-29T23:59:59.999")
                .table_name,
            "a.B-_9");
  EXPECT_EQ(parse_stream_arn("arn:aws:dynamodb:ddblocal:000000000000:table/T/stream/"
                             "1970-01-01T00:00:00.000")
                .generation,
            0U);
}

TEST(StreamArn, GenerationGrowsWithTheLabel) {
  const auto generation = [](const std::string& label) {
    return parse_stream_arn("arn:aws:dynamodb:r:1:table/T/stream/" + label).generation;
  };

  EXPECT_EQ(generation("2026-01-15T12:00:00"), generation("2026-01-15T12:00:00.0"));
  EXPECT_EQ(generation("2026-01-15T12:00:00.5"), generation("2026-01-15T12:00:00.500"));
  EXPECT_EQ(generation("2026-01-15T12:00:00.123456"), generation("2026-01-15T12:00:00.123"));
  EXPECT_EQ(generation("2026-01-15T12:00:00.124"), generation("2026-01-15T12:00:00.123") + 1);
  EXPECT_EQ(generation("2026-03-01T00:00:00.000"), generation("2026-02-28T23:59:59.999") + 1);
}

class NoStreamArn : public testing::TestWithParam<const char*> {};

TEST_P(NoStreamArn, IsPoisonThatShowsIt) {
  EXPECT_THAT(failure_of([] { parse_stream_arn(GetParam()); }),
              AllOf(StartsWith("poison: \""), HasSubstr(GetParam()),
                    HasSubstr("is not the ARN of a DynamoDB stream")));
}

INSTANTIATE_TEST_SUITE_P(
    Table, NoStreamArn,
    testing::Values("", "stream-ARN", "arn:aws:kinesis:us-east-1:1:stream/s",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/index/i",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/yesterday",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/2026-13-15T12:00:00.123",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/2026-02-29T12:00:00.123",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/2026-01-15T24:00:00.123",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/2026-01-15T12:00:00.",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/2026-01-15T12:00:00.12x",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/2026-01-15T12:00:00.123Z",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/2026-01-15 12:00:00.123",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/20x6-01-15T12:00:00.123",
                    "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/1969-12-31T23:59:59.999",
                    "arn:aws:dynamodb:us-east-1:1:table//stream/2026-01-15T12:00:00.123",
                    "arn:aws:dynamodb:us-east-1:1:table/Or ders/stream/2026-01-15T12:00:00.123",
                    "arn:aws:dynamodb:us-east-1::table/Orders/stream/2026-01-15T12:00:00.123",
                    "xrn:aws:dynamodb:us-east-1:1:table/Orders/stream/2026-01-15T12:00:00.123"));

TEST(StreamArn, ThatIsWrongIsShownCut) {
  EXPECT_LT(failure_of([] { parse_stream_arn(std::string(100'000, 'x')); }).size(), 1'000U);
}

TEST(TableName, IsTheEndOfTheTableArn) {
  EXPECT_EQ(table_name_of("arn:aws:dynamodb:us-east-1:111122223333:table/Orders"), "Orders");
}

TEST(TableName, OfAnythingElseIsAUsageError) {
  for (const char* arn : {"Orders", "arn:aws:dynamodb:us-east-1:1:table/", "arn:aws:s3:::bucket",
                          "arn:aws:dynamodb:us-east-1:1:table/Orders/stream/x"})
    EXPECT_THAT(failure_of([&] { table_name_of(arn); }), StartsWith("usage: ")) << arn;
}

}  // namespace
}  // namespace dynamite
