#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/version.hpp"
#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// A row of `dead_letter`.
struct StoredLetter {
  std::int64_t id = 0;
  std::string key;  ///< canonical, as the replica has it; empty: it could not be read
  Version version;  ///< 0: an item of a scan, or a record that could not be read
  std::string created_at;
  std::string reason;
  std::string sqlstate;    ///< empty: PostgreSQL was not asked
  std::string constraint;  ///< empty: none
};

/// How many were there.
struct Discarded {
  std::uint64_t letters = 0;
  std::uint64_t without_key = 0;  ///< of these
};

/// The record in the dead letter of a row that a sweep could not delete: the remove that should
/// have happened.
std::string swept_record(std::string_view key, const KeySchema& keys);

/// SQL: whether `record`, a column of dead_letter, is one of swept_record.
std::string is_swept_letter(std::string_view record);

/// The dead letters of one replica.
class DeadLetters {
 public:
  DeadLetters(pg::Connection& connection, const Replica& table)
      : connection_{connection}, table_{table} {}

  /// A page of the letters with a higher id than `after`, by id. If `ids` is not empty, only
  /// letters among them.
  std::vector<StoredLetter> page(std::int64_t after, std::span<const std::int64_t> ids);

  /// The record or item as it arrived, or what kept_record left of it; absent: there is no such
  /// letter.
  std::optional<std::string> record(std::int64_t id);

  /// With a letter that has no key, the change that it was about is lost: the same transaction
  /// records a gap, which the next pass heals.
  Discarded discard(std::span<const std::int64_t> ids);

  /// Discards those whose key was written anew since in each target that may take it, by a later
  /// record or page, and those of rows that are gone. Returns how many.
  std::uint64_t discard_overtaken();

  /// Of a replica that hashes keys, whose letters nobody can retry: discards those that are older
  /// than the pass that has read all items. Letters of rows that no sweep could delete stay, and
  /// letters without a key. Before the sweep, which leaves a letter for a row only if none is
  /// there.
  std::uint64_t discard_before_pass();

  /// Discards only letters that a sweep left and whose row is gone or was met by a page since.
  std::uint64_t discard_swept();

  /// By key (canonical, as the replica has it), the newest letter of each that has one.
  std::map<std::string, std::int64_t> by_key(std::span<const std::string> keys);

 private:
  std::vector<std::int64_t> overtaken(std::span<const StoredLetter> letters);
  std::vector<std::int64_t> healed(const pg::Result& page);

  pg::Connection& connection_;
  const Replica& table_;
};

}  // namespace dynamite
