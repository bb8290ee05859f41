#pragma once

#include <chrono>
#include <cstdint>

#include "pg/connection.hpp"
#include "replica/history/history_table.hpp"

namespace dynamite {

/// Deletes the rows that say nothing of any time within the last `keep`, and returns how many. A
/// row says nothing of it if the row and the next one of its key are older. A row without an item
/// says nothing of it if it is older and its key has no other row. Of very many, some are left to
/// the next call.
std::uint64_t expire_history(pg::Connection& connection, const HistoryTable& history,
                             std::chrono::seconds keep);

}  // namespace dynamite
