#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/change/rules_change.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Adds to the targets of `wanted`, whose tables are not made yet, columns for the attributes that
/// the first items of its source have.
void add_sampled_columns(DynamoDb& dynamodb, const TableDescription& source, Replica& wanted,
                         const std::stop_token& stop);

/// Adds to the targets of `wanted`, which is not registered, the columns of attributes that their
/// tables have from a former replica.
void add_columns_that_are_there(pg::Connection& connection, Replica& wanted);

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
