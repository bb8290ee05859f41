#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "replica/apply/applier.hpp"
#include "replica/state/dead_letters.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// A key whose row may be wrong.
struct DoubtfulKey {
  std::string key;                       ///< the source's, canonical
  Version version{};                     ///< of the record that raised the doubt; 0: none did
  std::optional<std::int64_t> letter{};  ///< the dead letter that this is about
  std::string record{};  ///< as it arrived; goes into a dead letter if it is refused
};

/// The keys of a page of letters, but for letters whose key could not be read.
std::vector<DoubtfulKey> doubtful_keys(DeadLetters& letters, std::span<const StoredLetter> page);

/// Makes the rows of keys equal to what the source has now, whoever follows the table meanwhile. A
/// row in a target that does not take the item goes, whatever wrote it. Reads the items strongly
/// consistent, and applies them under a version between what the replica knew before and the next
/// record. docs/protocol.md, "Reading back". Safe to repeat.
class KeyRepair {
 public:
  /// Both references outlive it.
  KeyRepair(DynamoDb& dynamodb, pg::Connection& connection, Replica table, ApplyOptions options);

  /// A page of keys: some hundreds. Dead letters whose key was written anew since are discarded.
  ApplyOutcome apply(std::span<const DoubtfulKey> keys, std::stop_token stop);

 private:
  void load_table();
  ApplyOutcome apply_once(std::span<const DoubtfulKey> keys, const std::stop_token& stop);

  DynamoDb& dynamodb_;
  pg::Connection& connection_;
  Replica table_;  // as it was when its mapping was last looked up
  Applier applier_;
};

}  // namespace dynamite
