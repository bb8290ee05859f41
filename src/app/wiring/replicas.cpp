#include "app/wiring/replicas.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "app/wiring/mappings.hpp"
#include "core/error.hpp"
#include "mapping/new_columns.hpp"
#include "pg/identifier.hpp"

namespace dynamite {

namespace {

const HashKey& required_hash_key(const Config& config, const std::string& table) {
  if (config.hash_key) return *config.hash_key;
  throw Error{Error::Kind::usage,
              fmt::format("a target of \"{}\" has `hash`, but no key of hash is given", table),
              "give one with `hash_key` or `hash_key_secret`; `openssl rand -hex 32` makes one"};
}

}  // namespace

Replica target_of(const Config& config, const TableDescription& description) {
  const TableRule* found = find_rule(config.tables, description.name);
  const TableRule rule = found == nullptr ? TableRule{} : *found;
  Replica replica{.source = std::make_shared<const SourceTable>(
                      SourceTable{description.arn, description.key_schema}),
                  .state_schema = config.state_schema,
                  .targets = {}};
  for (const TargetRule& target : rule.targets) {
    Mapping mapping{
        .rules = target.mapping,
        .columns = initial_columns(target.mapping, description.key_schema, description.name),
        .hash_key = config.hash_key};
    if (!mapping.rules.hash.empty())
      mapping.rules.hash_fingerprint = required_hash_key(config, description.name).fingerprint();
    replica.targets.push_back(
        new_target(config.state_schema, target.into_schema.value_or(config.schema),
                   target.into_table.value_or(shorten_identifier(description.name)),
                   description.key_schema, std::move(mapping)));
  }
  return replica;
}

ReplicaPlan plan_whole_replica(pg::Connection& connection, const Config& config,
                               const Replica& wanted) {
  Planner planner{connection, config.state_schema};
  std::vector<std::string> sql = planner.plan_state();
  const auto append = [&](const std::vector<std::string>& more) {
    std::ranges::copy(more, std::back_inserter(sql));
  };
  const std::optional<Replica> known = planner.find(wanted.source->arn);
  const Replica& replica = known ? *known : wanted;  // targets come and go by plan_mappings
  append(planner.plan_schemas(replica.targets));
  ReplicaPlan plan = planner.plan_replica(wanted);
  append(plan.sql);
  append(planner.plan_grants(replica, config.grant_select));
  plan.sql = std::move(sql);
  return plan;
}

Replica ensure_replica(pg::Connection& connection, const Config& config,
                       const TableDescription& description, std::stop_token stop,
                       DynamoDb* dynamodb) {
  Replica wanted = target_of(config, description);
  // Only `bootstrap` upgrades: it is the user's to say when older programs are refused.
  if (Catalogue catalogue{connection, config.state_schema}; catalogue.version())
    catalogue.require_usable();
  add_first_columns(connection, dynamodb, description, wanted, stop);
  const ReplicaPlan plan = plan_whole_replica(connection, config, wanted);
  if (!plan.sql.empty() && config.create_tables == CreateTables::never)
    throw Error{
        Error::Kind::usage,
        fmt::format("the replica {} of \"{}\" is not set up, and create_tables is \"never\"",
                    wanted.qualified_names(), description.name),
        "let the owner of the database run `dynamite bootstrap --dry-run` and apply its SQL"};
  Planner{connection, config.state_schema}.execute(plan.sql, stop);
  auto replica = Catalogue{connection, config.state_schema, config.hash_key}.find(description.arn);
  if (!replica) throw Error{Error::Kind::bug, "the replica was made, but is not registered"};
  replica->require_hash_key();
  warn_of_other_rules(*replica, wanted);
  if (plan.creates_table)
    for (const std::string& words : costly_clauses(description, wanted)) spdlog::warn(words);
  return std::move(*replica);
}

std::vector<Replica> configured_replicas(const Config& config, std::vector<Replica> replicas) {
  if (config.tables.empty()) return replicas;
  std::erase_if(replicas, [&](const Replica& replica) {
    const std::string name = replica.name();
    return find_rule(config.tables, name) == nullptr;
  });
  return replicas;
}

}  // namespace dynamite
