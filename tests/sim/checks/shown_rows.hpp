#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "replica/state/replica.hpp"

namespace dynamite::pg {
class Connection;
}

namespace dynamite::sim {

enum class RowsOf : std::uint8_t {
  items,          ///< that are there
  removed_items,  ///< kept rows
};

/// Rows of a target: what each shows as canonical DynamoDB JSON, by its key as the target has it.
/// Empty: a kept row has only what another layout showed.
std::map<std::string, std::string> shown_rows(pg::Connection& connection, const Target& target,
                                              RowsOf rows);

}  // namespace dynamite::sim
