#include "decode/stream_record.hpp"

#include <gtest/gtest.h>

namespace dynamite {
namespace {

TEST(StreamRecord, KeepsRawTokensOfWhatMatters) {
  StreamRecord record;
  JsonScanner scanner{R"({"eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb",
    "awsRegion":"us-east-1","userIdentity":{"type":"Service"},"eventSourceARN":"arn",
    "dynamodb":{"ApproximateCreationDateTime":1.5E9,"Keys":{ "pk": {"S":"a"} },"NewImage":{},
      "OldImage":{"x":[]},"SequenceNumber":"12","SizeBytes":3,"StreamViewType":"NEW_IMAGE"}})"};

  read_stream_record(scanner, record);

  EXPECT_TRUE(scanner.at_end());
  EXPECT_EQ(record.event_name, "INSERT");
  EXPECT_EQ(record.event_source, "aws:dynamodb");
  EXPECT_EQ(record.stream_arn, "arn");
  EXPECT_EQ(record.time, "1.5E9");
  EXPECT_EQ(record.keys, R"({ "pk": {"S":"a"} })");
  EXPECT_EQ(record.new_image, "{}");
  EXPECT_EQ(record.sequence_number, "12");
  EXPECT_EQ(record.view_type, "NEW_IMAGE");
}

TEST(StreamRecord, DecorationOfAnyFormIsNoFault) {
  StreamRecord record;
  JsonScanner scanner{R"({"eventName":"INSERT","eventVersion":1.1,"eventSource":[],
    "userIdentity":5,"dynamodb":{"ApproximateCreationDateTime":{"seconds":1},
      "ApproximateCreationDateTime":2,"StreamViewType":7,"SizeBytes":"x","SequenceNumber":"12"}})"};

  read_stream_record(scanner, record);

  EXPECT_EQ(record.sequence_number, "12");
  EXPECT_EQ(record.time, R"({"seconds":1})");
  EXPECT_FALSE(is_present(record.event_source));
  EXPECT_FALSE(is_present(record.view_type));
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
