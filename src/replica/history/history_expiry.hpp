#pragma once

#include <optional>
#include <string>

#include "core/batch.hpp"
#include "pg/statement.hpp"
#include "replica/history/history_table.hpp"

namespace dynamite {

/// The rows that an expiry looks at: those of the times between the two, and of each the row of its
/// key before it.
struct HistorySpan {
  std::optional<Micros> since;  ///< absent: from the beginning
  Micros until;                 ///< what was before it need not be known
};

/// DELETE of the rows that say nothing of any time from HistorySpan::until on, about `rows_max` of
/// them. A row says nothing of it if the row and the next one of its key are older. A row without
/// an item says nothing of it if it is older and its key has no row before it. Parameters:
/// params_of. The result: how many were deleted, and whether there was nothing to delete.
std::string history_expiry_sql(const HistoryTable& history, int rows_max);
pg::Params params_of(const HistorySpan& span);

}  // namespace dynamite
