#pragma once

#include <map>
#include <string>

#include "replica/state/replica.hpp"

namespace dynamite::pg {
class Connection;
}

namespace dynamite::sim {

/// By its key as the target has it, what a row shows, as canonical DynamoDB JSON.
using ShownRows = std::map<std::string, std::string>;

/// The rows of items that are there.
ShownRows shown_rows(pg::Connection& connection, const Target& target);

/// The rows that are kept of removed items. Unless `shows_items`, they are empty: another mapping
/// may have left a part of the item.
ShownRows kept_rows(pg::Connection& connection, const Target& target, bool shows_items);

}  // namespace dynamite::sim
