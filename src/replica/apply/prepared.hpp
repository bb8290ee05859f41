#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/batch.hpp"
#include "replica/apply/copy_rows.hpp"
#include "replica/apply/rows.hpp"

namespace dynamite {

/// The changes of one transaction.
struct PreparedTransaction {
  std::vector<Change> changes;  ///< sorted by key, one a key
  /// Both absent: rows are made while the server works on the first of them.
  std::optional<Rows> rows{};
  std::optional<CopyRows> copy{};  ///< tried first; of no use if the replica has one of the keys
};

/// Changes of one table as they are applied: the newest of each key. Views look into their Batch.
struct PreparedBatch {
  std::size_t records = 0;                        ///< changes before coalescing
  std::size_t changes = 0;                        ///< … and after it
  std::vector<PreparedTransaction> transactions;  ///< at least one
  /// Of changes that newer ones make void: no JSON, so that nobody knows what they were.
  std::vector<DeadLetter> broken;
};

/// `changes` must be of one table.
PreparedBatch prepare(std::span<const Change> changes);

/// The same with all rows made, for who has another thread apply them.
PreparedBatch prepare_rows(std::span<const Change> changes, const KeySchema& key_schema);

/// Scanned items of pass `epoch`, of which the replica seems to have none, in one transaction.
PreparedBatch prepare_copy(std::span<const Change> changes, const KeySchema& key_schema,
                           std::int32_t epoch);

}  // namespace dynamite
