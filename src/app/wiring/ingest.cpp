#include "app/wiring/ingest.hpp"

#include <fmt/format.h>

#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/arn.hpp"
#include "core/error.hpp"
#include "source/read_back.hpp"

namespace dynamite {
namespace {

constexpr int kAttempts = 3;  // of a call during an invocation

/// What the role sees under the name of the table. Throws Error{usage} if that is another one.
TableDescription describe_same_table(const Context& context, const std::string& arn,
                                     const std::stop_token& stop) {
  AwsClients aws{context, kAttempts};
  TableDescription description = aws.dynamodb().describe_table(table_name_of(arn), stop);
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
                        .apply = context.config.apply,
                        .create_replica = {},
                        .read_back = {},
                        .report_batch_item_failures = context.config.report_batch_item_failures};
  // AWS is asked only where a stream carries no images, and when a table is new: the steady state
  // needs no client.
  options.read_back = [&context](const Batch& batch, const std::stop_token& stop) {
    AwsClients aws{context, kAttempts};
    return read_back(aws.dynamodb(), batch, stop);
  };
  if (context.config.create_tables == CreateTables::never) return options;
  options.create_replica = [&context](pg::Connection& connection, const std::string& table_arn,
                                      const std::stop_token& stop) {
    ensure_replica(connection, context.config, describe_same_table(context, table_arn, stop), stop);
  };
  return options;
}

}  // namespace dynamite
