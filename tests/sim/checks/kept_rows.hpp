#pragma once

#include <string>
#include <vector>

#include "replica/state/replica.hpp"
#include "sim/stream.hpp"

namespace dynamite::pg {
class Connection;
}

namespace dynamite::sim {

/// What is wrong with the rows that a target keeps of removed items; empty: nothing. The item of
/// each was gone at some time, by time to live if the target never kept others, and was at some
/// time what the row shows. Counts the rows. `log`: of all changes of the table. `ever`: what the
/// target was told to show, at any time.
std::string difference_of_kept_rows(pg::Connection& connection, const Target& target,
                                    const ChangeLog& log, const std::vector<MappingRules>& ever,
                                    Counts& counts);

}  // namespace dynamite::sim
