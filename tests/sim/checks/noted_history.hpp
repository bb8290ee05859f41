#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "replica/state/replica.hpp"
#include "sim/stream.hpp"

namespace dynamite::pg {
class Connection;
}

namespace dynamite::sim {

/// When a target's history was switched on, and never off since.
struct HistorySince {
  std::size_t changes = 0;  ///< so many were logged before
  std::int32_t epoch = 0;   ///< of the newest pass that had begun before
};

/// What a history is held against.
struct ToldBy {
  const ChangeLog& log;                   ///< all changes of the table
  const std::vector<MappingRules>& ever;  ///< what the target was told to show, at any time
  std::optional<HistorySince> since;      ///< absent: the history is off
  Micros trimmed_before;                  ///< records from then on are in their streams still
  std::optional<Micros> followed_since;   ///< nothing is lost since then, or a gap is noticed
  bool all_delivered = true;              ///< Lambda has given up none of these
};

/// What is wrong with the history of a target at rest; empty: nothing. Counts what it finds.
///
/// * Each row of a record is of one that the stream had, and says what the record was for the
///   target. Each other row shows what its item was at some time.
/// * Of each record that was made since the history is on, and that cannot have been lost or
///   refused, there is a row.
/// * If a pass has begun and ended since, the newest row of each key says what the target has.
/// * No ranges of a key overlap.
std::string difference_of_history(pg::Connection& connection, const Replica& replica,
                                  const Target& target, const ToldBy& told, Counts& counts);

}  // namespace dynamite::sim
