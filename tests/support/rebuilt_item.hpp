#pragma once

#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite::test {

/// SQL: the natural JSON of the row `t` of a target, whatever its layout.
std::string item_sql(const Target& target);

/// SQL: what natural JSON cannot say of that item, or NULL.
std::string types_sql(const Target& target);

/// The items that the target's rows stand for, without rows that are kept of removed items, as
/// canonical DynamoDB JSON, sorted.
std::vector<std::string> items_of(pg::Connection& connection, const Target& target);

/// What the target shows of those of `items` that its clause takes, as items_of gives them.
std::vector<std::string> shown_items(const Target& target, const std::vector<std::string>& items);

}  // namespace dynamite::test
