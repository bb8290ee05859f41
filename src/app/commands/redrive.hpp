#pragma once

#include <chrono>
#include <optional>

#include "app/wiring/source_tables.hpp"
#include "decode/recorded.hpp"
#include "ingest/ingest.hpp"
#include "source/shard_reader.hpp"

namespace dynamite {

/// Applies records that Lambda gave up and whose report holds only their place: reads them from
/// their stream again, which keeps them for 24 hours.
class Redrive {
 public:
  /// Both outlive it.
  Redrive(const Context& context, Ingest& ingest) : context_{context}, ingest_{ingest} {}

  /// Records that are gone are said on standard output and recorded as a gap of their replica.
  IngestOutcome apply(const RecordRange& range);

  /// Some records were gone.
  bool found_gap() const noexcept { return found_gap_; }

 private:
  Page read_next(const RecordRange& range, std::chrono::system_clock::time_point deadline);
  Page read_from_horizon(const RecordRange& range);
  void note_gap(const RecordRange& range, const std::string& lost);

  const Context& context_;
  Ingest& ingest_;
  std::optional<AwsClients> aws_;  ///< made for the first range
  ShardPlace place_;
  std::optional<ShardReader> reader_;
  bool found_gap_ = false;
};

}  // namespace dynamite
