#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"
#include "replica/apply/rows.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

enum class Difference : std::uint8_t {
  none,
  missing,     ///< an item without a row
  different,   ///< a row that is not its item
  ghost,       ///< a row without an item
  unstorable,  ///< an item that PostgreSQL cannot hold
};

/// A key whose row and item did not fit together when they were read, which a change between the
/// two reads explains as well as an error.
struct Suspect {
  std::string key;  ///< canonical; empty where PostgreSQL could not hold it
  Difference difference = Difference::none;
};

/// Holds the items of a source table against the rows of its replica. Remembers the keys that it
/// met in a temporary table of its connection.
class Comparison {
 public:
  Comparison(pg::Connection& connection, const Replica& table);
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
  void remember(const RowArrays& seen);
  std::vector<Suspect> differences(const RowArrays& rows,
                                   const std::vector<std::string_view>& keys);
  std::vector<Suspect> keys_of_rows(const std::string& from, std::size_t limit);
  std::set<std::string> without_row(const std::vector<std::string_view>& keys);
  pg::Params key_params(const RowArrays& rows) const;
  std::string key_rows(int first_parameter) const;
  std::string row_matches(std::string_view other) const;

  pg::Connection& connection_;
  const Replica& table_;
  std::string replica_, item_, types_;
  std::vector<std::string> columns_, casts_;
};

}  // namespace dynamite
