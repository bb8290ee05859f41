#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "decode/recorded.hpp"
#include "ingest/batch_applier.hpp"
#include "source/shard_reader.hpp"

namespace dynamite {

struct RedriveOptions {
  pg::ConnectOptions connect;  ///< of the connection that records a gap
  std::string state_schema = "dynamite";
  /// Told which records of a range are gone, as words, before their gap is recorded.
  std::function<void(const RecordRange&, const std::string& lost)> on_loss{};
};

/// Applies records that Lambda gave up and of which a report holds only the place. Reads them again
/// from their stream, which keeps records for 24 hours.
class Redrive {
 public:
  /// `applier` and `dynamodb` outlive it.
  Redrive(BatchApplier& applier, DynamoDb& dynamodb, RedriveOptions options, std::stop_token stop)
      : applier_{applier},
        dynamodb_{dynamodb},
        options_{std::move(options)},
        stop_{std::move(stop)} {}

  /// Records that are gone are recorded as a gap of their replica. Throws Error{transient} if the
  /// shard never comes to the end of the range.
  ApplyOutcome apply(const RecordRange& range);

  /// Some records were gone.
  bool found_gap() const noexcept { return found_gap_; }

 private:
  ApplyOutcome apply(const Batch& batch, std::chrono::system_clock::time_point deadline);
  Page read_next(const RecordRange& range, std::chrono::system_clock::time_point deadline);
  Page read_from_horizon(const RecordRange& range);
  void note_gap(const RecordRange& range, const std::string& lost);

  BatchApplier& applier_;
  DynamoDb& dynamodb_;
  const RedriveOptions options_;
  const std::stop_token stop_;
  ShardPlace place_;
  std::optional<ShardReader> reader_;
  bool found_gap_ = false;
};

}  // namespace dynamite
