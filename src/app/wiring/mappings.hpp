#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/change/rules_change.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Adds to the targets of `wanted`, which is not registered, columns of attributes: those that
/// their tables have from a former replica, or, if the tables are not made yet, of the attributes
/// that the first items of the source have. `dynamodb`: null if no item shall be looked at.
void add_first_columns(pg::Connection& connection, DynamoDb* dynamodb,
                       const TableDescription& source, Replica& wanted,
                       const std::stop_token& stop);

/// What the mappings of a registered replica become, as `wanted` says; nothing: they stay.
std::vector<TargetChange> plan_mappings(pg::Connection& connection, const Replica& known,
                                        const Replica& wanted, RetiredColumns retired);

/// Brings the changes about, as soon as nobody uses the tables for a moment. Throws
/// Error{transient} if somebody does for a minute.
void change_mappings(pg::Connection& connection, const Replica& known,
                     const std::vector<TargetChange>& changes, const std::stop_token& stop);

/// Says in the log if the configuration has other rules than the catalogue, by which rows are made.
void warn_of_other_rules(const Replica& known, const Replica& wanted);

}  // namespace dynamite
