#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/connection.hpp"
#include "replica/state/key_ranges.hpp"

namespace dynamite {

/// SQL that moves values out of `_rest` into the columns of the target that are `filling`, in the
/// rows `t` that `where` chooses and nobody else has locked. Versions, epochs and times stay as
/// they are. A value that does not fit its column stays.
std::string move_values_sql(const Target& target, const std::string& where);

/// SQL for FROM: the target's rows as they are when all values are moved.
std::string moved_rows_sql(const Target& target);

/// Whether columns of the target have values that are not moved yet.
bool has_filling_columns(const Target& target);

/// What a step of a move has done.
enum class MoveStep : std::uint8_t {
  moved,  ///< values of some rows; more may follow at once
  held,   ///< others held some rows: after a while the move must go through all rows again
  done,   ///< all values are moved
};

/// Moves these values of a whole target, some rows at a time; docs/protocol.md, "Promotion". Safe
/// to repeat from the beginning.
class ValueMove {
 public:
  /// Both must outlive it.
  ValueMove(const Replica& replica, const Target& target) : replica_{replica}, target_{target} {}

  /// Moves the values of the next rows. Waits for nobody's row. Throws PgError kMappingChanged if
  /// the mapping is not the replica's any more.
  MoveStep step(pg::Connection& connection);

 private:
  const Replica& replica_;
  const Target& target_;
  std::optional<KeyText> after_;
  bool some_held_ = false;  // since the first key
};

}  // namespace dynamite
