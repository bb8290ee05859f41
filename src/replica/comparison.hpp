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

/// Holds the items of a source table against the rows of a target. Remembers the keys that it
/// met in a temporary table of its connection.
class Comparison {
 public:
  /// `target` must outlive it.
  Comparison(pg::Connection& connection, const Target& target);
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  /// One page of scanned items.
  std::vector<Suspect> page(const Batch& batch);

  /// Rows whose key no page held, at most `limit`.
  std::vector<Suspect> ghosts(std::size_t limit);

  /// Some rows at random, at most `limit`: each a ghost until it is rechecked.
  std::vector<Suspect> sample(std::size_t limit);

  /// How the suspects stand now. `items`: what the source has of them, by canonical key.
  void recheck(std::vector<Suspect>& suspects, const std::map<std::string, std::string>& items);

 private:
  /// Items with their keys, as parameters.
  struct Items {
    KeyArrays keys;
    pg::ArrayRows values;
    std::vector<std::string_view> canonical_keys;
  };

  Items no_items() const;
  /// False, and nothing is appended, if PostgreSQL cannot hold the item.
  bool append(Items& items, std::string_view key, std::string_view image);
  void remember(const KeyArrays& seen);
  std::vector<Suspect> differences(const Items& items);
  std::vector<Suspect> keys_of_rows(const std::string& from, std::size_t limit);
  std::set<std::string> without_row(const std::vector<std::string_view>& keys);

  pg::Connection& connection_;
  const Layout& layout_;
  const KeyColumns& keys_;
  const std::unique_ptr<RowWriter> writer_;
  const std::string replica_;
};

}  // namespace dynamite
