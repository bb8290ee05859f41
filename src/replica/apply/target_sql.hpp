#pragma once

#include <string>

#include "replica/state/replica.hpp"

namespace dynamite {

/// The statements that apply changes to one target, in the words of docs/protocol.md. All but the
/// two that say so take arrays of one length, in this order: the keys as KeyArrays has them, the
/// values as Layout::values() has them, times, versions.
struct TargetSql {
  /// Keys, values, times, versions; then the batch's lowest version.
  std::string put;
  /// Keys, values, times; then the epoch of the pass.
  std::string put_scanned;
  /// No parameters: COPY of the columns of Layout::all().
  std::string copy;
  /// Keys, versions, RowKeys::kept_at where rows are kept; then the lowest version: deletes or
  /// keeps rows, leaves their tombstones and returns how
  /// many. Where there is no row it leaves a placeholder, which a put in flight must meet, and
  /// notes that some keys were not met. remove_held and tombstone do nothing unless that is noted.
  std::string remove;
  /// Keys, versions, RowKeys::kept_at where rows are kept: deletes the placeholders, and deletes or
  /// keeps what came in before them.
  std::string remove_held;
  /// Keys, versions: leaves tombstones of the keys that have no row now.
  std::string tombstone;
  /// No parameters: enables remove_held and tombstone.
  std::string note_unmet;
  /// No parameters: in place of placeholders, where a constraint of the DBA refuses them.
  std::string lock_writers;
  /// Keys, versions; then the lowest version: deletes rows of this put that a tombstone covers.
  std::string recheck;
  /// Keys; then the epoch: the same for scanned rows.
  std::string recheck_scanned;
  /// Keys; then the epoch of the pass, which read these items and found that the target does not
  /// take them: deletes their rows as a sweep does.
  std::string delete_untaken;
  /// Keys; then the epoch: keeps the sweep from rows whose scanned item is a dead letter.
  std::string stamp;
  /// See history_insert_sql. Empty, as the next two, where the target has no history.
  std::string history;
  /// See history_read_sql.
  std::string history_read;
  /// See history_scanned_sql.
  std::string history_scanned;
};

TargetSql target_sql(const Replica& replica, const Target& target);

}  // namespace dynamite
