#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/change/targets_change.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Adds to the targets of `wanted`, which are not registered, columns of attributes: those that
/// their tables have from a former replica, or, if a table is not made yet, of the attributes
/// that the first items of the source have. `dynamodb`: null if no item shall be looked at.
void add_first_columns(pg::Connection& connection, DynamoDb* dynamodb,
                       const TableDescription& source, Replica& wanted,
                       const std::stop_token& stop);

/// What the user has said of what the configuration does not name any more.
struct Unnamed {
  RetiredColumns columns = RetiredColumns::keep;
  UnnamedTargets targets = UnnamedTargets::keep;
};

/// What becomes of a registered replica.
struct MappingPlan {
  std::vector<TargetChange> changes{};  ///< none: all stays
  std::vector<std::string> words{};     ///< the changes', and of targets that are not configured
};

/// What the user wants of a registered replica.
struct WantedTargets {
  const Replica& replica;                 ///< as the configuration says
  std::span<const Target> added;          ///< those of it that are not there, with first columns
  const std::vector<std::string>& roles;  ///< may read them
  Unnamed unnamed;
};

/// What the targets of the registered replica `known` become.
MappingPlan plan_mappings(pg::Connection& connection, const Replica& known,
                          const WantedTargets& wanted);

/// Brings the changes about, as soon as nobody uses the tables for a moment. Throws
/// Error{transient} if somebody does for a minute.
void change_mappings(pg::Connection& connection, const Replica& known,
                     const std::vector<TargetChange>& changes, const std::stop_token& stop);

/// In words, which clauses of the targets cost more than they need to: those that key attributes do
/// not decide, where the stream carries no old images; docs/protocol.md, "Routing".
std::vector<std::string> costly_clauses(const TableDescription& source, const Replica& wanted);

/// Says in the log if the configuration has other rules or targets than the
/// catalogue, by which rows are made.
void warn_of_other_rules(const Replica& known, const Replica& wanted);

}  // namespace dynamite
