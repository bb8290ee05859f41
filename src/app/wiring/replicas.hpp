#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "pg/connection.hpp"
#include "replica/state/plan.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// The replica that the configuration wants for a source table; its id is 0. Throws Error{usage} if
/// a target hashes and no key of hash is given.
Replica target_of(const Config& config, const TableDescription& description);

/// SQL that gives `wanted` all it needs: state schema, schema, table, grants. Empty: nothing is
/// missing.
ReplicaPlan plan_whole_replica(pg::Connection& connection, const Config& config,
                               const Replica& wanted);

/// The replica of a source table, made if it is missing and `create_tables` allows it. `dynamodb`:
/// where first items are looked at for columns; null: nowhere. Throws Error{usage} if the key of
/// hash is not the one that the replica is hashed under.
Replica ensure_replica(pg::Connection& connection, const Config& config,
                       const TableDescription& description, std::stop_token stop,
                       DynamoDb* dynamodb = nullptr);

/// Those of `replicas` that the configuration and --table choose.
std::vector<Replica> configured_replicas(const Config& config, std::vector<Replica> replicas);

}  // namespace dynamite
