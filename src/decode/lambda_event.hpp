#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/batch.hpp"
#include "decode/known_tables.hpp"

namespace dynamite {

struct LambdaEvent {
  std::vector<Batch> batches;  ///< one for each table, in the order of their first records
  /// ARNs of tables that the event has records of, but that are not among the known ones. If there
  /// are any, nothing else was decoded.
  std::vector<std::string> unknown_tables;
};

/// A Lambda event of DynamoDB stream records. A record that is malformed goes to `rejected` and
/// does not take its neighbours. A record that does not tell its table counts to the table of the
/// record before it, at the beginning to the first table. Throws Error{usage} if the event is no
/// DynamoDB stream event (Kinesis, SQS, anything else: the message says what it is), is not JSON,
/// or names no stream in an eventSourceARN.
///
/// For all decoders: a member that is null is absent. A change without ApproximateCreationDateTime
/// has the time of decoding. Keys are read. New images are delimited by counting brackets; their
/// JSON is validated later, by the layout.
LambdaEvent decode_lambda_event(std::shared_ptr<const std::string> event,
                                const KnownTables& tables);

}  // namespace dynamite
