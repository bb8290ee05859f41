#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/version.hpp"
#include "pg/connection.hpp"
#include "replica/replica_table.hpp"

namespace dynamite {

/// A row of `dead_letter`.
struct StoredLetter {
  std::int64_t id = 0;
  std::string key;  ///< canonical; empty: it could not be read
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

/// The dead letters of one replica.
class DeadLetters {
 public:
  DeadLetters(pg::Connection& connection, const ReplicaTable& table)
      : connection_{connection}, table_{table} {}

  /// Those with a higher id than `after`, by id, a page of them; of `ids` only, unless that is
  /// empty.
  std::vector<StoredLetter> page(std::int64_t after, std::span<const std::int64_t> ids);

  /// The record or item as it arrived; absent: there is no such letter.
  std::optional<std::string> record(std::int64_t id);

  /// What a letter without a key was about is lost with it: in the same transaction that is
  /// recorded as a gap, which the next pass heals.
  Discarded discard(std::span<const std::int64_t> ids);

  /// Discards those whose key was written anew since, by a later record. Returns how many.
  std::uint64_t discard_overtaken();

 private:
  std::vector<std::int64_t> overtaken(std::span<const StoredLetter> letters);

  pg::Connection& connection_;
  const ReplicaTable& table_;
};

}  // namespace dynamite
