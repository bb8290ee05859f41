#include "app/wiring/ingest.hpp"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <optional>

#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/arn.hpp"
#include "core/error.hpp"
#include "source/read_back.hpp"

namespace dynamite {
namespace {

/// A client of DynamoDB that is seldom needed: it is made at its first use, then kept with its
/// connections and credentials.
class SeldomUsedDynamoDb {
 public:
  explicit SeldomUsedDynamoDb(const Context& context) : context_{context} {}

  DynamoDb& get() {
    const std::scoped_lock lock{mutex_};
    if (!clients_) clients_.emplace(context_, kInvocationAttempts);
    return clients_->dynamodb();
  }

 private:
  const Context& context_;
  std::mutex mutex_;
  std::optional<AwsClients> clients_;
};

/// The table that our role sees under the name in `arn`. Throws Error{usage} if it is another
/// table.
TableDescription describe_same_table(DynamoDb& dynamodb, const std::string& arn,
                                     const std::stop_token& stop) {
  TableDescription description = dynamodb.describe_table(table_name_of(arn), stop);
  if (description.arn != arn)
    throw Error{
        Error::Kind::usage,
        fmt::format("a record of {} came, but here that name belongs to {}", arn, description.arn),
        "check region and account of the function's event source mappings"};
  return description;
}

}  // namespace

IngestOptions ingest_options(const Context& context, std::string_view command) {
  IngestOptions options{.connect = connect_options(context, command),
                        .state_schema = context.config.state_schema,
                        .hash_key = context.config.hash_key,
                        .apply = context.config.apply,
                        .create_replica = {},
                        .read_back = {},
                        .report_batch_item_failures = context.config.report_batch_item_failures};
  // AWS is asked only where a stream carries no images, and when a table is new: the steady state
  // needs no client.
  const auto dynamodb = std::make_shared<SeldomUsedDynamoDb>(context);
  options.read_back = [dynamodb](const Batch& batch, const std::stop_token& stop) {
    return read_back(dynamodb->get(), batch, stop);
  };
  if (context.config.create_tables == CreateTables::never) return options;
  options.create_replica = [&context, dynamodb](pg::Connection& connection,
                                                const std::string& table_arn,
                                                const std::stop_token& stop) {
    ensure_replica(connection, context.config,
                   describe_same_table(dynamodb->get(), table_arn, stop), stop);
  };
  return options;
}

}  // namespace dynamite
