#include "decode/stream_record.hpp"

#include <gmock/gmock.h>

#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::failure_of;
using testing::HasSubstr;
using testing::StartsWith;

std::int64_t micros(std::string_view literal) {
  return parse_seconds(literal).time_since_epoch().count();
}

TEST(ParseSeconds, TakesAnyNotation) {
  for (const char* literal : {"1768478400", "1768478400.0", "1.7684784E9", "1.7684784e+09",
                              "17684784e2", "1768478400000e-3", "1768478400.000000000"})
    EXPECT_EQ(micros(literal), 1'768'478'400'000'000) << literal;
}

TEST(ParseSeconds, IsExactToTheMicrosecond) {
  EXPECT_EQ(micros("1768478400.123456"), 1'768'478'400'123'456);
  EXPECT_EQ(micros("1768478400.999999"), 1'768'478'400'999'999);
  EXPECT_EQ(micros("9007199254.740993"), 9'007'199'254'740'993);  // beyond 2^53 microseconds
  EXPECT_EQ(micros("0.000001"), 1);
  EXPECT_EQ(micros("1e-6"), 1);
}

TEST(ParseSeconds, CutsFurtherDigitsOff) {
  EXPECT_EQ(micros("1768478400.1234569999"), 1'768'478'400'123'456);
  EXPECT_EQ(micros("0.0000009"), 0);
  EXPECT_EQ(micros("1e-100"), 0);
  EXPECT_EQ(micros("0"), 0);
}

TEST(ParseSeconds, RefusesWhatIsBeyondMicros) {
  EXPECT_EQ(micros("9223372036854.775807"), INT64_MAX);
  EXPECT_THAT(failure_of([] { micros("9223372036854.775808"); }), HasSubstr("is beyond any time"));
  EXPECT_THAT(failure_of([] { micros("1e100"); }), HasSubstr("is beyond any time"));
  EXPECT_THAT(failure_of([] { micros("-1"); }), StartsWith("poison: "));
}

TEST(StreamRecord, KeepsRawTokensOfWhatMatters) {
  StreamRecord record;
  JsonScanner scanner{R"({"eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb",
    "awsRegion":"us-east-1","userIdentity":{"type":"Service"},"eventSourceARN":"arn",
    "dynamodb":{"ApproximateCreationDateTime":1.5E9,"Keys":{ "pk": {"S":"a"} },"NewImage":{},
      "OldImage":{"x":[]},"SequenceNumber":"12","SizeBytes":3,"StreamViewType":"NEW_IMAGE"}})"};

  read_stream_record(scanner, record);

  EXPECT_TRUE(scanner.at_end());
  EXPECT_EQ(record.event_name, "INSERT");
  EXPECT_EQ(record.event_version, "1.1");
  EXPECT_EQ(record.event_source, "aws:dynamodb");
  EXPECT_EQ(record.stream_arn, "arn");
  EXPECT_EQ(record.time, "1.5E9");
  EXPECT_EQ(record.keys, R"({ "pk": {"S":"a"} })");
  EXPECT_EQ(record.new_image, "{}");
  EXPECT_EQ(record.sequence_number, "12");
  EXPECT_EQ(record.view_type, "NEW_IMAGE");
}

TEST(StreamRecord, CountsNullAsAbsent) {
  StreamRecord record;
  JsonScanner scanner{R"({"eventName":null,"dynamodb":{"NewImage":null,"Keys":null}})"};

  read_stream_record(scanner, record);

  EXPECT_FALSE(is_present(record.event_name));
  EXPECT_FALSE(is_present(record.new_image));
  EXPECT_FALSE(is_present(record.keys));
}

TEST(StreamRecord, KeepsAnEmptyStringApartFromNone) {
  StreamRecord record;
  JsonScanner scanner{R"({"eventName":""})"};

  read_stream_record(scanner, record);

  EXPECT_TRUE(is_present(record.event_name));
}

}  // namespace
}  // namespace dynamite
