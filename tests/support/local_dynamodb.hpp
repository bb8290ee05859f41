#pragma once

#include <memory>
#include <string>
#include <vector>

#include "source/dynamodb.hpp"

namespace dynamite::test {

/// AWS's DynamoDB Local, which tools/with-servers started, and tables of this test in it.
class LocalDynamoDb {
 public:
  /// Throws with the command that starts one if there is none.
  LocalDynamoDb();
  ~LocalDynamoDb();  ///< deletes the tables

  DynamoDb& api() noexcept { return dynamodb_; }
  AwsClient& client() noexcept { return client_; }
  const std::string& endpoint() const noexcept { return endpoint_; }

  /// Makes a table of a name that no other test has, and returns the name.
  std::string create_table(const std::string& name, const KeySchema& keys,
                           const std::string& stream_view_type = "NEW_AND_OLD_IMAGES");

  /// Switches the stream of a table on (NEW_AND_OLD_IMAGES) or off.
  void set_stream(const std::string& table, bool enabled);

 private:
  std::string endpoint_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<CredentialsProvider> credentials_;
  AwsClient client_;
  DynamoDb dynamodb_;
  std::vector<std::string> tables_;
};

}  // namespace dynamite::test
