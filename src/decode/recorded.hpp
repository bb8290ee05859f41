#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/batch.hpp"
#include "decode/known_tables.hpp"

namespace dynamite {

/// Records of a shard that Lambda gave up, of which only the place was reported.
struct RecordRange {
  std::string stream_arn;
  std::string shard_id;
  std::string first_sequence_number;
  std::string last_sequence_number;
};

/// A document in which no stream records are. Nothing of it is applied.
struct StrangeDocument {
  std::string place;  ///< `line 3`, `line 1, element 2`, `line 4, MessageId "a1"`
  std::string what;
  std::string hint;
};

struct Recorded {
  std::vector<Batch> batches;       ///< one for each table, in the order of their first records
  std::vector<RecordRange> ranges;  ///< to be read from their streams again
  std::vector<StrangeDocument> strange;
  /// ARNs of tables that the text has records of, but that are not among the known ones. If there
  /// are any, nothing else was decoded.
  std::vector<std::string> unknown_tables;
};

struct RecordedOptions {
  std::string stream_arn{};    ///< of records that do not name theirs
  std::size_t first_line = 1;  ///< of the text in its file
};

/// Stream records as `dynamite apply` takes them: one Lambda event, one object of an on-failure
/// destination S3, which has the event as its `payload`, one report of an on-failure destination
/// SQS or SNS, as it is or as `aws sqs receive-message` shows it, a record with its eventSourceARN,
/// or an array of these; any number of such documents behind each other. A document that is
/// something else is `strange`, and does not take its neighbours; a broken line is rejected. Throws
/// Error{usage} if the text is not JSON and its end cannot be found.
Recorded decode_recorded(std::shared_ptr<const std::string> text, const KnownTables& tables,
                         const RecordedOptions& options = {});

}  // namespace dynamite
