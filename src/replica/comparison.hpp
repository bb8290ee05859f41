#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
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
  ghost,       ///< a row without an item
  unstorable,  ///< an item that PostgreSQL cannot hold
};

/// A key whose row and item differed when they were read. A change between the two reads may
/// explain the difference, as an error may.
struct Suspect {
  std::string key;  ///< canonical; empty where PostgreSQL could not hold it
  Difference difference = Difference::none;
};

/// Holds the items of a source table against the rows of its targets. Remembers the keys that it
/// met in a temporary table of its connection.
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

  /// Keys of rows that no page held, at most `limit` a target.
  std::vector<Suspect> ghosts(std::size_t limit);

  /// Keys of some rows at random, at most `limit`: each a ghost until it is rechecked.
  std::vector<Suspect> sample(std::size_t limit);

  /// How the suspects stand now. `items`: what the source has of them, by canonical key.
  void recheck(std::vector<Suspect>& suspects, const std::map<std::string, std::string>& items);

 private:
  /// A target, and what makes its rows.
  struct Compared {
    const Target& target;
    std::unique_ptr<RowWriter> writer;
    std::string name;  ///< quoted
    std::string rows;  ///< for FROM: as they are when all values are in their columns
  };
  /// Items with their keys, as parameters.
  struct Items {
    KeyArrays keys;
    std::vector<pg::ArrayRows> values;  ///< one a target
    std::vector<std::string_view> canonical_keys;
  };

  void compare_with(Replica replica);
  Items no_items() const;
  /// False, and nothing is appended, if PostgreSQL cannot hold the item.
  bool append(Items& items, std::string_view key, std::string_view image);
  void remember(const KeyArrays& seen);
  std::vector<Suspect> differences(const Items& items);
  std::map<std::string_view, Difference> differences_in(std::size_t target, const Items& items);
  std::vector<Suspect> sample_of(const Compared& compared, std::size_t limit);
  std::vector<Suspect> keys_of_rows(const Compared& compared, const std::string& from,
                                    std::size_t limit);
  std::set<std::string> without_row(const std::vector<std::string_view>& keys);

  pg::Connection& connection_;
  Replica replica_;
  KeyColumns keys_;                // the parts of keys are the same in every target
  std::vector<Compared> targets_;  // of replica_
};

}  // namespace dynamite
