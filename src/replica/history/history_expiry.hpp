#pragma once

#include <cstdint>
#include <optional>

#include "core/batch.hpp"
#include "pg/connection.hpp"
#include "replica/history/history_table.hpp"

namespace dynamite {

/// The rows that a call of expire_history looks at: those of the times between the two, and the
/// rows of their keys before them.
struct HistorySpan {
  std::optional<Micros> since;  ///< absent: from the beginning
  Micros until;                 ///< what was before it need not be known
};

struct ExpiredHistory {
  std::uint64_t rows = 0;    ///< how many were deleted
  bool is_complete = false;  ///< false: more are left to the next call
};

/// Deletes the rows that say nothing of any time from `span.until` on. A row says nothing of it if
/// the row and the next one of its key are older. A row without an item says nothing of it if it is
/// older and its key has no row before it. A transaction deletes 10,000 rows at most.
ExpiredHistory expire_history(pg::Connection& connection, const HistoryTable& history,
                              const HistorySpan& span, int transactions_max = 50);

}  // namespace dynamite
