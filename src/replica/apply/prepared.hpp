#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "core/batch.hpp"
#include "replica/apply/copied_rows.hpp"
#include "replica/apply/rows.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Rows are made while the server works on the first of them.
struct UnmadeRows {};

/// The changes of one transaction.
struct PreparedTransaction {
  std::vector<std::vector<Change>> changes;  ///< of each target: sorted by key, one a key
  /// Of each target with a history, and none of the others: all changes, sorted by key and version.
  std::vector<std::vector<Change>> history;
  bool is_read_back = false;  ///< `changes` are what was read back, and `history` what was recorded
  /// Those of each target. Copied rows are tried first; they fail if the replica has one of the
  /// keys.
  std::variant<UnmadeRows, std::vector<Rows>, std::vector<CopiedRows>> rows;
};

/// Changes of one table as they are applied: of each target the newest of each key. Views look into
/// their Batch.
struct PreparedBatch {
  std::int64_t mapping = 0;  ///< Replica::mapping of the rows, where they are made
  std::size_t records = 0;   ///< changes as they came
  std::size_t changes = 0;   ///< of all targets, after coalescing
  std::size_t untaken = 0;   ///< of the records: items that no target takes
  std::vector<PreparedTransaction> transactions;  ///< at least one
  /// Changes about which no clause can be asked, and superseded ones whose image is not valid JSON.
  /// They still become dead letters.
  std::vector<DeadLetter> broken;
};

/// `changes` must be of the replica's source. `recorded`: Batch::recorded.
PreparedBatch prepare(std::span<const Change> changes, const Replica& replica,
                      const std::optional<std::vector<Change>>& recorded = std::nullopt);

/// The same with all rows made, for a caller whose other thread applies them.
PreparedBatch prepare_rows(std::span<const Change> changes, const Replica& replica);

/// Scanned items of pass `epoch`, of which the replica seems to have none, in one transaction.
PreparedBatch prepare_copy(std::span<const Change> changes, const Replica& replica,
                           std::int32_t epoch);

}  // namespace dynamite
