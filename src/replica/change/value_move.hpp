#pragma once

#include <optional>
#include <string>

#include "pg/connection.hpp"
#include "replica/state/key_ranges.hpp"

namespace dynamite {

/// SQL that moves values out of `_rest` into the columns of the target that are `filling`, in the
/// rows `t` that `where` chooses. Versions, epochs and times stay as they are. A value that does
/// not fit its column stays.
std::string move_values_sql(const Target& target, const std::string& where);

/// Moves these values of a whole target, some rows at a time; docs/protocol.md, "Promotion". Safe
/// to repeat from the beginning.
class ValueMove {
 public:
  /// Both must outlive it.
  ValueMove(const Replica& replica, const Target& target) : replica_{replica}, target_{target} {}

  /// Moves the values of the next rows. False: there were none, all values are moved. Throws
  /// PgError kMappingChanged if the mapping is not the replica's any more.
  bool step(pg::Connection& connection);

 private:
  const Replica& replica_;
  const Target& target_;
  std::optional<KeyText> after_;
};

}  // namespace dynamite
