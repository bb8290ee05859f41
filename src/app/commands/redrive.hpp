#pragma once

#include <optional>

#include "app/wiring/source_tables.hpp"
#include "ingest/ingest.hpp"
#include "source/shard_reader.hpp"

namespace dynamite {

/// Applies records that Lambda gave up and whose report holds only their place: reads them from
/// their stream again, which keeps them for 24 hours.
class Redrive {
 public:
  /// Both outlive it.
  Redrive(const Context& context, Handler& handler) : context_{context}, handler_{handler} {}

  /// Records that are gone are said on standard output and recorded as a gap of their replica.
  HandlerOutcome apply(const RecordRange& range);

  /// Some records were gone.
  bool found_gap() const noexcept { return found_gap_; }

 private:
  Turn read_next(const RecordRange& range, const TableLookup& lookup);
  Turn read_from_horizon(const RecordRange& range);
  void note_gap(const RecordRange& range, const std::string& lost);

  const Context& context_;
  Handler& handler_;
  std::optional<Source> source_;  ///< made for the first range
  ShardPlace place_;
  std::optional<ShardReader> reader_;
  bool found_gap_ = false;
};

}  // namespace dynamite
