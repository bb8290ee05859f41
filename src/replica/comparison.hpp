#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.hpp"
#include "layout/key_arrays.hpp"
#include "layout/layout.hpp"
#include "pg/array_rows.hpp"
#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

enum class Difference : std::uint8_t {
  none,
  missing,     ///< an item without a row
  different,   ///< a row that is not its item
  ghost,       ///< a row without an item, or of an item that its target does not take
  unstorable,  ///< an item that PostgreSQL cannot hold
};

/// A key whose row and item differed when they were read. A change between the two reads may
/// explain the difference, as an error may.
struct Suspect {
  std::string key;  ///< canonical, as the replica has it; empty where PostgreSQL could not hold it
  std::string source_key;  ///< the source's, canonical; empty where only its hash is known
  Difference difference = Difference::none;
};

/// Holds the items of a source table against the rows of its targets: each target has an equal row
/// of the items that it takes, and no other row. Remembers in a temporary table of its connection
/// of which keys a target may have rows.
class Comparison {
 public:
  /// The connection outlives it.
  Comparison(pg::Connection& connection, Replica replica);
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  /// Compares by the mapping that the catalogue has by now.
  void follow_mapping();

  /// One page of scanned items.
  std::vector<Suspect> page(const Batch& batch);

  /// Keys, at most `limit`, of rows of which no page held an item that their target takes. A key
  /// is told once.
  std::vector<Suspect> ghosts(std::size_t limit);

  /// Keys of some rows at random, at most `limit`: each a ghost until it is rechecked.
  std::vector<Suspect> sample(std::size_t limit);

  /// Finds among scanned items those of suspects of which only the hash of the key is known.
  void find_source_keys(std::vector<Suspect>& suspects, const Batch& batch) const;

  /// How the suspects stand now. `items`: what the source has of them, by its canonical key.
  void recheck(std::vector<Suspect>& suspects, const std::map<std::string, std::string>& items);

 private:
  /// A target, and what makes its rows.
  struct Compared {
    const Target& target;
    std::unique_ptr<RowWriter> writer;
    std::string name;  ///< quoted
    std::string rows;  ///< for FROM: as they are when all values are in their columns
  };
  /// Items that a target takes, with their keys, as parameters.
  struct Items {
    KeyArrays keys;
    pg::ArrayRows values;
    std::vector<std::string_view> canonical_keys;
  };
  /// What the targets must have of some items. Views of keys look into the items, or into
  /// hashed_keys.
  struct Expected {
    std::set<std::string> hashed_keys;
    std::vector<Items> taken;               ///< by each target
    std::set<std::string_view> unstorable;  ///< keys of items that PostgreSQL cannot hold
  };
  /// By canonical key, as the replica has it; the rows of other keys are as they should be.
  using Found = std::map<std::string_view, Difference>;

  void compare_with(Replica replica);
  Expected expect(std::span<const Change> items) const;
  /// False, and nothing is appended, if PostgreSQL cannot hold the item.
  bool append(Items& items, const Compared& compared, std::string_view key,
              std::string_view image) const;
  void remember(const Expected& expected);
  void remember(const KeyArrays& keys, std::optional<std::int32_t> target);
  Found differences(const Expected& expected);
  void add_differences(Found& found, const Compared& compared, const Items& items);
  void add_ghosts(Found& found, const Compared& compared,
                  const std::vector<std::string_view>& keys);
  static std::vector<std::string_view> untaken(const std::vector<Suspect>& suspects,
                                               const Expected& expected, std::size_t target);
  std::vector<Suspect> sample_of(const Compared& compared, std::size_t limit);
  std::vector<Suspect> keys_of_rows(const Compared& compared, const std::string& from,
                                    std::size_t limit);

  pg::Connection& connection_;
  Replica replica_;
  KeyColumns keys_;                // the parts of keys are the same in every target
  std::vector<Compared> targets_;  // of replica_
};

}  // namespace dynamite
