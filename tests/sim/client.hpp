#pragma once

#include <chrono>

#include "source/dynamodb.hpp"
#include "support/fake_transport.hpp"

namespace dynamite::sim {

/// A client of a simulated DynamoDB.
struct Client {
  explicit Client(Transport& transport)
      // One repeat without a pause that anybody notices: the rest is the caller's.
      : aws{{.region = "us-east-1",
             .attempts_max = 2,
             .retry_delay_max = std::chrono::milliseconds{0}},
            transport,
            credentials},
        dynamodb{aws} {}

  test::FakeCredentials credentials;
  AwsClient aws;
  DynamoDb dynamodb;
};

}  // namespace dynamite::sim
