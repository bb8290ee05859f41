#include "app/wiring/ingest.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "json/item_key.hpp"
#include "support/http_server.hpp"

namespace dynamite {
namespace {

constexpr const char* kTableArn = "arn:aws:dynamodb:us-west-2:123456789012:table/Orders";
constexpr std::string_view kItem = R"({"pk":{"S":"a"},"n":{"N":"1"}})";

/// A put of kItem as a stream delivers it that carries keys only.
Batch put_without_image() {
  Batch batch;
  batch.table =
      std::make_shared<const SourceTable>(SourceTable{kTableArn, {{"pk", KeyType::S}, {}}});
  std::string key;
  append_canonical_key(key, kItem, batch.table->key_schema);
  batch.changes.emplace_back().key = batch.keep(key);
  return batch;
}

/// DynamoDB, and what hands a container its credentials; counts what the latter is asked.
class AwsOfAContainer {
 public:
  std::string url() const { return server_.url(); }
  int searches() const { return searches_; }

 private:
  test::ServedResponse answer(const test::ServedRequest& request) {
    if (request.path != "/credentials")
      return {.body = R"({"Responses":{"Orders":[)" + std::string{kItem} + "]}}"};
    ++searches_;
    return {.body = R"({"AccessKeyId":"AKID","SecretAccessKey":"SECRET","Token":"TOKEN",)"
                    R"("Expiration":"2999-01-01T00:00:00Z"})"};
  }

  std::atomic<int> searches_ = 0;
  test::HttpServer server_{[this](const test::ServedRequest& request) { return answer(request); }};
};

TEST(IngestOptions, ReadingBackLooksForCredentialsOnce) {
  AwsOfAContainer aws;
  const std::map<std::string, std::string, std::less<>> variables{
      {"HOME", "/nonexistent"},
      {"AWS_EC2_METADATA_DISABLED", "true"},
      {"AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.url() + "/credentials"}};
  const Environment environment = [&](std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  Config config;
  config.region = "us-west-2";
  config.endpoints[Service::dynamodb] = aws.url();
  const CommandLine line;
  const Context context{line, config, environment, {}};
  const IngestOptions options = ingest_options(context, "lambda");

  for (int batch = 0; batch < 3; ++batch)
    EXPECT_EQ(options.read_back(put_without_image(), {}).changes.at(0).image, kItem);

  EXPECT_EQ(aws.searches(), 1);
}

}  // namespace
}  // namespace dynamite
