#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"
#include "replica/replica_table.hpp"
#include "replica/row_set.hpp"

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
  std::string k1, k2;  ///< the key's parts as text that PostgreSQL casts
  Difference difference = Difference::none;
};

/// Holds the items of a source table against the rows of its replica. Remembers the keys that it
/// met in a temporary table of its connection.
class Comparison {
 public:
  Comparison(pg::Connection& connection, const ReplicaTable& table);
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  /// One page of scanned items.
  std::vector<Suspect> page(const Batch& batch);

  /// Rows whose key no page held.
  std::vector<Suspect> ghosts();

  /// How the key stands now, `item` being what the source has; absent: nothing.
  Difference recheck(const Suspect& suspect, const std::optional<std::string>& item);

  /// The suspect's key as DynamoDB JSON.
  std::string key_json(const Suspect& suspect) const;

 private:
  void remember(const RowArrays& seen);
  std::vector<Suspect> differences(const RowArrays& rows);
  pg::Params key_params(const RowArrays& rows) const;
  std::string key_rows(int first_parameter) const;
  std::string row_matches(std::string_view other) const;

  pg::Connection& connection_;
  const ReplicaTable& table_;
  std::string replica_, item_, types_;
  std::vector<std::string> columns_, casts_;
};

}  // namespace dynamite
