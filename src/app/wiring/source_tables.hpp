#pragma once

#include <memory>
#include <vector>

#include "app/wiring/context.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// AWS credentials as the configuration and the environment say. `transport` outlives them.
std::unique_ptr<CredentialsProvider> find_credentials(const Context& context, Transport& transport);

// How often one call to AWS is tried, by what its failure costs.
inline constexpr int kLaneAttempts = 2;        ///< the scheduler repeats a lane, off its thread
inline constexpr int kInvocationAttempts = 3;  ///< Lambda repeats the event
inline constexpr int kLoginAttempts = 4;       ///< a connection is being opened
inline constexpr int kRequestAttempts = 6;     ///< somebody waits for the answer, and asks again
inline constexpr int kRunAttempts = 10;        ///< a long run ends half done

/// DynamoDB as the configuration says, with all that stands under it.
class AwsClients {
 public:
  /// `attempts_max`: of one call, before its failure is the caller's: one of the above.
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
  /// Named exactly: a problem with it is an error; with a table found by a pattern it is logged.
  bool by_name = false;
};

/// The tables that the configuration and --table choose. Exact names never call ListTables. Throws
/// Error{usage} if a named table does not exist.
std::vector<SelectedTable> select_tables(const Context& context, DynamoDb& dynamodb);

/// Which tables a command may read.
struct ReadSelection {
  bool all = false;         ///< --all: every table, where none is named
  bool followable = false;  ///< only tables that have a stream to follow
};

/// As select_tables, for commands whose reads cost money and share stream readers: they need tables
/// that are named, or `all`. A table that is not `followable` is left out and logged; a table that
/// is named exactly must be: throws Error{usage}.
std::vector<SelectedTable> select_tables_to_read(const Context& context, DynamoDb& dynamodb,
                                                 const ReadSelection& selection);

}  // namespace dynamite
