#include "support/local_dynamodb.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "json/text.hpp"

namespace dynamite::test {
namespace {

class TestCredentials : public CredentialsProvider {
 public:
  Credentials get() override { return {"test", "test", ""}; }
};

std::string endpoint_or_throw() {
  const char* endpoint = std::getenv("DYNAMITE_TEST_DYNAMODB");
  if (endpoint == nullptr)
    throw std::runtime_error{
        "no DynamoDB Local; start it with: tools/with-servers ctest --test-dir build/ci"};
  return endpoint;
}

}  // namespace

LocalDynamoDb::LocalDynamoDb()
    : endpoint_{endpoint_or_throw()},
      transport_{make_curl_transport()},
      credentials_{std::make_unique<TestCredentials>()},
      client_{{.region = "us-east-1",
               .endpoints = {{Service::dynamodb, endpoint_}, {Service::streams, endpoint_}}},
              *transport_,
              *credentials_},
      dynamodb_{client_} {}

LocalDynamoDb::~LocalDynamoDb() {
  for (const std::string& table : tables_) {
    try {
      dynamodb_.delete_table(table);
    } catch (const Error&) {
      // The test deleted it itself, or the server is gone with everything in it.
    }
  }
}

std::string LocalDynamoDb::create_table(const std::string& name, const KeySchema& keys,
                                        const std::string& stream_view_type) {
  static std::atomic<int> number = 0;
  std::string unique = fmt::format("{}.{}.{}", name, getpid(), ++number);
  dynamodb_.create_table(unique, keys, stream_view_type);
  return tables_.emplace_back(std::move(unique));
}

void LocalDynamoDb::set_stream(const std::string& table, bool enabled) {
  const std::string specification =
      enabled ? R"({"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"})"
              : R"({"StreamEnabled":false})";
  client_.call(Service::dynamodb, "UpdateTable",
               fmt::format(R"({{"TableName":{},"StreamSpecification":{}}})", json_string(table),
                           specification));
}

}  // namespace dynamite::test
