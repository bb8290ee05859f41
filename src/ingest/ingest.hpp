#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "ingest/batch_applier.hpp"
#include "ingest/ingest_options.hpp"
#include "ingest/prefix.hpp"

namespace dynamite {

/// What became of one event.
struct IngestOutcome : ApplyOutcome {
  std::size_t connects = 0;                 ///< connections opened for this event
  std::chrono::microseconds in_postgres{};  ///< time spent waiting for PostgreSQL
  std::optional<Micros> newest;             ///< when the newest record was made; absent: no record
  std::optional<FirstFailure> first_failure;  ///< this and all behind it must be repeated
};

/// Applies events of DynamoDB stream records, one at a time, over one connection that is kept from
/// event to event, and may lead through a transaction pooler. docs/protocol.md, "Lambda".
class Ingest {
 public:
  explicit Ingest(IngestOptions options);

  /// Opens the connection and reads the catalogue, so that the first event need not.
  void prepare(std::stop_token stop);

  /// Applies `event`; when this returns, all of it is committed. `deadline`, in our clock: the call
  /// ends within BatchApplier::kServerGrace of it (see Host::lambda). Throws Error if anything was
  /// not applied: the whole event must be repeated. A repeat changes nothing of the part that was
  /// applied.
  IngestOutcome handle(std::string event, std::chrono::system_clock::time_point deadline,
                       std::stop_token stop = {});

 private:
  ApplyOutcome apply_or_report(const Batch& batch, IngestCall& call,
                               std::optional<FirstFailure>& first_failure);

  const bool reports_first_failure_;
  BatchApplier applier_;
};

}  // namespace dynamite
