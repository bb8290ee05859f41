#pragma once

#include <memory>
#include <vector>

#include "app/wiring/context.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// AWS credentials as the configuration and the environment say. `transport` outlives them.
std::unique_ptr<CredentialsProvider> find_credentials(const Context& context, Transport& transport);

/// DynamoDB as the configuration says, with all that stands under it.
class AwsClients {
 public:
  /// `attempts_max`: of one call, before its failure is the caller's.
  AwsClients(const Context& context, int attempts_max);

  DynamoDb& dynamodb() noexcept { return dynamodb_; }
  AwsClient& client() noexcept { return client_; }

 private:
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<CredentialsProvider> credentials_;
  AwsClient client_;
  DynamoDb dynamodb_;
};

struct SelectedTable {
  TableDescription description;
  bool by_name = false;  ///< named exactly: what is wrong with it is an error, not a line
};

/// The tables that the configuration and --table choose. Exact names never call ListTables. Throws
/// Error{usage} if a named table does not exist.
std::vector<SelectedTable> select_tables(const Context& context, DynamoDb& dynamodb);

/// As select_tables, for commands whose reads cost money and share stream readers: where no table
/// is named they need --all. With `follow` leaves out tables by glob or --all that have no usable
/// stream, saying so.
std::vector<SelectedTable> select_tables_to_read(const Context& context, DynamoDb& dynamodb,
                                                 bool follow);

}  // namespace dynamite
