#include "aws/endpoints.hpp"

#include <gtest/gtest.h>

namespace dynamite {
namespace {

TEST(Endpoints, AreThoseOfTheRegionsPartition) {
  EXPECT_EQ(default_endpoint(Service::dynamodb, "us-east-1"),
            "https://dynamodb.us-east-1.amazonaws.com");
  EXPECT_EQ(default_endpoint(Service::sts, "cn-north-1"),
            "https://sts.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(default_endpoint(Service::streams, "us-east-1"),
            "https://streams.dynamodb.us-east-1.amazonaws.com");
  EXPECT_EQ(default_endpoint(Service::streams, "us-gov-west-1"),
            "https://streams.dynamodb.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(default_endpoint(Service::dynamodb, "cn-north-1"),
            "https://dynamodb.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(default_endpoint(Service::dynamodb, "eusc-de-east-1"),
            "https://dynamodb.eusc-de-east-1.amazonaws.eu");
}

TEST(Endpoints, HaveAHostWithItsPort) {
  EXPECT_EQ(host_of("https://dynamodb.eu-west-1.amazonaws.com"),
            "dynamodb.eu-west-1.amazonaws.com");
  EXPECT_EQ(host_of("http://localhost:8000/"), "localhost:8000");
  EXPECT_EQ(host_of("http://[::1]:8000/path"), "[::1]:8000");
}

}  // namespace
}  // namespace dynamite
