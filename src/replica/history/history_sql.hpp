#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "replica/history/history_table.hpp"

namespace dynamite {

// What became of an item, as the column `change` says it. A record of the stream: put, removed,
// expired, or left, which is a put of an item that the target does not take any more. A pass:
// scanned, swept.
inline constexpr std::string_view kHistoryPut = "put";
inline constexpr std::string_view kHistoryRemoved = "removed";
inline constexpr std::string_view kHistoryExpired = "expired";
inline constexpr std::string_view kHistoryLeft = "left";
inline constexpr std::string_view kHistoryScanned = "scanned";
inline constexpr std::string_view kHistorySwept = "swept";

/// The statements that make the table, its comments and its view, as far as they are not there: a
/// history that was switched off stays. `replica`: the target's quoted name, for the comment.
std::vector<std::string> history_table_sql(const HistoryTable& history, const std::string& replica);

/// The statements that drop the view and the table.
std::vector<std::string> drop_history_sql(const HistoryTable& history);

/// INSERT of records. Parameters are arrays of one length: the keys, the values of the history's
/// layout, changes, times, versions. Of a record that is there already nothing is added.
std::string history_insert_sql(const HistoryTable& history);

/// The target whose rows the statements below look at.
struct HistoryTarget {
  std::string replica, changed_at, version, epoch;  ///< quoted names
  std::string and_not_removed;                      ///< Layout::and_not_removed
};

/// INSERT of what was read back, and is the target's row now, if the newest row of its key says
/// something else. If the target has no row, its item is noted to be gone. Parameters: keys,
/// values, changes, times and versions of the records; then the epoch under which the items were
/// read.
std::string history_read_sql(const HistoryTable& history, const HistoryTarget& target);

/// INSERT of scanned items as far as their rows, which the pass has just put, show something new.
/// Parameters: keys, values, changes, times; then the epoch of the pass.
///
/// A version is above what the target and the history know of its key, and below the next record's.
std::string history_scanned_sql(const HistoryTable& history, const HistoryTarget& target);

/// A part of WITH, `noted AS (INSERT …)`: notes that the items of the rows `gone` are gone. `gone`
/// has the columns k1, k2 and version. `epoch`: SQL of the pass that found it.
std::string history_gone_sql(const HistoryTable& history, std::string_view change,
                             std::string_view epoch);

/// INSERT that notes the items to be gone whose newest row says something else, though the target
/// has no row of them. `chosen`: SQL of the rows `t` of the history that are looked at. `epoch`: as
/// above.
std::string history_absent_sql(const HistoryTable& history, const HistoryTarget& target,
                               std::string_view chosen, std::string_view epoch);

}  // namespace dynamite
