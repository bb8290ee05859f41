#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/batch.hpp"
#include "replica/apply/fence.hpp"
#include "replica/apply/prepared.hpp"
#include "replica/state/checkpoints.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// What became of a batch, or of several.
struct ApplyOutcome {
  std::size_t records = 0;    ///< of the batch, with rejected and outdated ones
  std::size_t changes = 0;    ///< of all targets, after coalescing
  std::size_t untaken = 0;    ///< of the records: items that no target takes
  std::uint64_t applied = 0;  ///< rows put or removed; the others were stale
  std::size_t dead_letters = 0;
  std::size_t outdated = 0;  ///< of the records: of a stream that ended before the last pass
  bool copied = false;       ///< rows that were made for COPY came by COPY

  ApplyOutcome& operator+=(const ApplyOutcome& more) noexcept {
    records += more.records;
    changes += more.changes;
    untaken += more.untaken;
    applied += more.applied;
    dead_letters += more.dead_letters;
    outdated += more.outdated;
    copied |= more.copied;
    return *this;
  }
};

struct ApplyRequest {
  const Replica& table;
  const Batch& batch;
  /// The batch's changes, where they were prepared before. Rows of another mapping than the table's
  /// are made anew.
  const PreparedBatch* prepared = nullptr;
  Fence fence = {};
  std::optional<Checkpoint> checkpoint = {};
  /// Called when a transaction is sent and only the server has work left: the time to begin other
  /// work.
  std::function<void()> on_sent = {};
  /// The dead letters that the changes come from. The transaction discards them. A change that is
  /// refused again becomes a new one.
  std::vector<std::int64_t> retried_letters = {};
};

}  // namespace dynamite
