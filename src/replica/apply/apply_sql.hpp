#pragma once

#include <string>

#include "replica/state/replica.hpp"

namespace dynamite {

/// The statements that apply changes to one replica, in the words of docs/protocol.md. All take
/// arrays of one length; $1 and $2 are the key parts as text ($2 is absent without a sort key, and
/// the others move up), items and types are text too. Made once per table.
struct ApplySql {
  /// item, types, time, version; then the batch's lowest version.
  std::string put;
  /// item, types, time; then the epoch of the pass.
  std::string put_scanned;
  /// No parameters: COPY of keys, item, time of change, of creation, types, version and epoch.
  std::string copy;
  /// Version; then the lowest version: deletes rows, leaves their tombstones and returns how many;
  /// where there is no row leaves a placeholder, which a put in flight must meet, and notes that
  /// some are unmet. The next two do nothing unless that is noted.
  std::string remove;
  /// Version: deletes the placeholders, and what came in before them.
  std::string remove_held;
  /// Version: of keys that have no row now.
  std::string tombstone;
  /// No parameters: has the two above do their work.
  std::string note_unmet;
  /// No parameters: in place of placeholders, where a constraint of the DBA refuses them.
  std::string lock_writers;
  /// Version; then the lowest version: deletes what the put wrote although a tombstone covers it.
  std::string recheck;
  /// The epoch: the same for scanned rows.
  std::string recheck_scanned;
  /// The epoch: keeps the sweep from rows whose scanned item is a dead letter.
  std::string stamp;

  /// No parameters but the keys: the current epoch and the newest version that is known of each
  /// key, by its row or tombstone; 0: none.
  std::string newest_version;
  /// No parameters but the keys: numbers of the keys without a row that the last pass did not meet.
  std::string without_ghost;

  // Of the state schema; their parameters are those of the functions and columns they name.
  std::string require_follower, require_pass, require_epoch, require_before;
  std::string dead_letter, require_dead_letters, discard_dead_letters;
  std::string checkpoint;
};

ApplySql apply_sql(const Replica& table, const Target& target);

}  // namespace dynamite
