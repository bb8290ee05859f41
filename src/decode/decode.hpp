#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.hpp"

namespace dynamite {

/// Finds the source table of a stream record by its eventSourceARN; may do I/O the first time it
/// sees one. Throws Error{usage} if no replica belongs to it.
using TableLookup = std::function<std::shared_ptr<const SourceTable>(std::string_view stream_arn)>;

/// A Lambda event of DynamoDB stream records, a batch for each table that it has records of. A
/// record that is malformed goes to `rejected` and does not take its neighbours; where it does not
/// tell its table it counts to that of the record before it, at the beginning to the first. Throws
/// Error{usage} if the event is no DynamoDB stream event (Kinesis, SQS, anything else: the message
/// says what it is), is not JSON, or names no stream in an eventSourceARN.
///
/// For all decoders: a member that is null is absent. A change without ApproximateCreationDateTime
/// has time 1970. Keys are read; new images are passed over by their brackets, and are JSON only if
/// who reads them finds so.
std::vector<Batch> decode_lambda_event(std::string page, const TableLookup& lookup);

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
  std::vector<Batch> batches;       ///< one for each table
  std::vector<RecordRange> ranges;  ///< to be read from their streams again
  std::vector<StrangeDocument> strange;
};

struct RecordedOptions {
  std::string stream_arn{};    ///< of records that do not name theirs
  std::size_t first_line = 1;  ///< of the page in its file
};

/// Stream records as `dynamite apply` takes them: one Lambda event, one object of an on-failure
/// destination S3, which has the event as its `payload`, one report of an on-failure destination
/// SQS or SNS, as it is or as `aws sqs receive-message` shows it, a record with its eventSourceARN,
/// or an array of these; any number of such documents behind each other. A document that is
/// something else is `strange`, and does not take its neighbours; a broken line is rejected. Throws
/// Error{usage} if the text is not JSON and its end cannot be found.
Recorded decode_recorded(std::string page, const TableLookup& lookup,
                         const RecordedOptions& options = {});

struct RecordsPage {
  Batch batch;
  std::optional<std::string> next_iterator;  ///< absent: the shard is finished
  /// Of the last record that has one, rejected ones included; empty if there is none.
  std::string last_sequence_number;
};

/// The answer of GetRecords, for a stream of `table` with this generation. Throws Error{transient}
/// if it is not JSON or has no Records.
RecordsPage decode_records_page(std::string page, std::shared_ptr<const SourceTable> table,
                                std::uint64_t generation);

struct ScanPage {
  Batch batch;
  std::optional<std::string> last_evaluated_key;  ///< raw JSON; absent: the segment is finished
  double capacity_units = 0;                      ///< ConsumedCapacity.CapacityUnits, 0 if absent
};

/// The answer of Scan, read at `time`. An item without a valid key goes to `rejected`. Throws
/// Error{transient} if it is not JSON or has no Items.
ScanPage decode_scan_page(std::string page, std::shared_ptr<const SourceTable> table, Micros time);

}  // namespace dynamite
