#include "sim/operator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "engine/key_repair.hpp"
#include "engine/stream_watch.hpp"
#include "pg/identifier.hpp"
#include "replica/change/adopted_columns.hpp"
#include "replica/change/promotion.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/change/targets_change.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/pass.hpp"
#include "sim/mappings.hpp"

namespace dynamite::sim {

namespace {

/// What a target hashes and keeps, as `other` says it.
void take_choice(MappingRules& rules, const MappingRules& other) {
  rules.hash = other.hash;
  rules.hash_fingerprint = other.hash_fingerprint;
  rules.keep_removed = other.keep_removed;
  rules.keep_expired = other.keep_expired;
  rules.history = other.history;
}

}  // namespace

Operator::Operator(const Place& place, Transport& transport, Chance& chance, Lambda& lambda)
    : place_{place},
      chance_{chance},
      client_{transport},
      lambda_{lambda},
      hashed_keys_{hashed_key_attributes(place.replica.targets.front().mapping.rules,
                                         place.replica.source->key_schema)} {
  for (const Target& target : place.replica.targets) rules_[target.table] = target.mapping.rules;
  note_rules(place.replica, 0);
}

void Operator::note_rules(const Replica& replica, std::int32_t epoch) {
  const auto before = std::exchange(histories_, {});
  const std::size_t changes = chance_.log == nullptr ? 0 : chance_.log->size();
  for (const Target& target : replica.targets) {
    const MappingRules& rules = target.mapping.rules;
    std::vector<MappingRules>& ever = rules_ever_[target.table];
    if (std::ranges::find(ever, rules) == ever.end()) ever.push_back(rules);
    if (!rules.history) continue;
    const auto on = before.find(target.table);
    histories_[target.table] = on == before.end() ? HistorySince{changes, epoch} : on->second;
  }
}

std::optional<HistorySince> Operator::history_since(const std::string& table) const {
  const auto on = histories_.find(table);
  return on == histories_.end() ? std::nullopt : std::optional{on->second};
}

void Operator::maintain(pg::Connection& connection, const Table& table) {
  const Replica replica = this->replica(connection);
  if (!followed_by_lambda(connection, replica)) return;
  promote(connection);
  const TableDescription description = client_.dynamodb.describe_table(table.name());
  const bool held_up = lambda_.held_up(table);
  note_problem(connection, replica, std::nullopt,
               held_up ? std::optional{"the mapping is held up"} : std::nullopt);
  chance_.counts["gap noticed by maintain"] +=
      look_at_stream(connection, replica, description).size();
  if (!description.stream_enabled) return;
  const auto gap = look_at_delivery(connection, replica,
                                    {.stream_arn = description.latest_stream_arn,
                                     .healthy = !held_up,
                                     .oldest_within = [&](std::chrono::seconds within) {
                                       return lambda_.record_age(chance_.now() - within);
                                     }});
  if (gap) ++chance_.counts["gap noticed by maintain"];
}

void Operator::retry_dead_letters(pg::Connection& connection) {
  const Replica replica = this->replica(connection);
  if (replica.hashes_keys()) return;
  DeadLetters letters{connection, replica};
  KeyRepair reread{client_.dynamodb, connection, replica, {}};
  const auto page = letters.page(0, {});
  if (page.empty()) return;
  const ApplyOutcome outcome = reread.apply(doubtful_keys(letters, page), {});
  chance_.counts["dead letter retried"] += page.size();
  chance_.counts["dead letter refused again"] += outcome.dead_letters;
}

bool Operator::pass_needed(pg::Connection& connection) const {
  const PassState state = Passes{connection, place_.replica}.state();
  return state.gap_open || state.needs_pass() || state.phase != PassState::Phase::none;
}

bool Operator::letters_need_pass(pg::Connection& connection) const {
  const Replica replica = this->replica(connection);
  return replica.hashes_keys() && !DeadLetters{connection, replica}.page(0, {}).empty();
}

bool Operator::release_table() {
  pg::Connection connection = pg::Connection::open(place_.connect);
  return try_hold_alive(connection, place_.replica) && release(connection, place_.replica, {});
}

Replica Operator::replica(pg::Connection& connection) const {
  return Catalogue{connection, place_.replica}.find(place_.replica.source->arn).value();
}

void Operator::promote(pg::Connection& connection) {
  Promotion promotion{replica(connection)};
  for (std::uint64_t steps = chance_.below(8); steps > 0; --steps) {
    try {
      const PromotionStep done = promotion.step(connection);
      if (done == PromotionStep::idle) return;
      if (done == PromotionStep::moved) ++chance_.counts["values moved into a column"];
    } catch (const Error& error) {  // the DBA's constraint
      if (error.kind() != Error::Kind::poison) throw;
      ++chance_.counts["promotion refused"];
      return;
    }
  }
  if (promotion.is_filling()) ++chance_.counts["promotion given up"];
}

MappingRules Operator::other_rules(const Target& target) {
  MappingRules rules = target.mapping.rules;
  const auto column = [](ColumnType type, const std::string& name) {
    return AttributeColumn{.name = name, .type = type, .from = AttributePath::of(name)};
  };
  switch (chance_.below(6)) {
    case 0:
      rules = {.layout = rules.layout == LayoutKind::columns ? LayoutKind::document
                                                             : LayoutKind::columns};
      break;
    case 1:
      rules.omit = {"name", "M.*"};
      break;
    case 2:
      rules.only = {"N*", "M.*"};
      break;
    case 3:
      rules = {.layout = LayoutKind::columns, .declared = {column(ColumnType::text, "Name")}};
      break;
    case 4:
      rules = {.layout = LayoutKind::columns,
               .declared = {column(ColumnType::bigint, "number"), column(ColumnType::uuid, "a/b")}};
      break;
    default:
      rules = {.layout = rules.layout, .new_columns = false};
  }
  take_choice(rules, target.mapping.rules);
  rules.where = target.mapping.rules.where;
  return rules;
}

bool Operator::change_rules(pg::Connection& connection, std::size_t number,
                            const MappingRules& rules) {
  const Replica replica = this->replica(connection);
  const Target& target = replica.targets.at(number);
  try {
    const auto change =
        plan_rules(target, replica.source->key_schema, rules, find_columns(connection, target),
                   chance_.below(2) == 0 ? RetiredColumns::drop : RetiredColumns::keep);
    return change && this->change(connection, replica, {*change});
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::usage) throw;
    ++chance_.counts["change of the mapping refused"];
    return false;
  }
}

// PostgreSQL's clock does not move with ours. What it has written down becomes our time.
bool Operator::change(pg::Connection& connection, const Replica& replica,
                      const std::vector<TargetChange>& changes) {
  const std::string begin{connection.run("SELECT clock_timestamp()::text").at(0, 0)};
  if (!try_change(connection, replica, changes)) return false;
  connection.run(fmt::format("UPDATE {}.replica_target SET changed_at = $1::timestamptz "
                             "WHERE replica_id = $2::integer AND changed_at >= $3::timestamptz",
                             quote_identifier(replica.state_schema)),
                 std::move(pg::Params{}
                               .timestamp(chance_.now().time_since_epoch().count())
                               .number(replica.id)
                               .text(begin)));
  note_rules(this->replica(connection), Passes{connection, replica}.epoch());
  return true;
}

bool Operator::change_mapping(pg::Connection& connection) {
  const auto targets = replica(connection).targets;
  const std::size_t number = chance_.below(targets.size());
  return change_rules(connection, number, other_rules(targets[number]));
}

bool Operator::switch_one(pg::Connection& connection) {
  const auto targets = replica(connection).targets;
  const std::size_t number = chance_.below(targets.size());
  MappingRules rules = targets[number].mapping.rules;
  sim::switch_one(rules, hashed_keys_, chance_.random);
  return change_rules(connection, number, rules);
}

bool Operator::change_clause(pg::Connection& connection) {
  const Replica replica = this->replica(connection);
  const std::size_t number = chance_.below(replica.targets.size());
  MappingRules rules = replica.targets[number].mapping.rules;
  rules.where = random_clause(replica.source->key_schema, chance_.random);
  return change_rules(connection, number, rules);
}

bool Operator::add_target(pg::Connection& connection) {
  const Replica replica = this->replica(connection);
  if (replica.targets.size() == kTargetsMax) return false;
  const bool again = !let_go_.empty() && chance_.below(2) == 0;
  const std::string table =
      again ? let_go_.back()
            : fmt::format("{}_{}", place_.replica.targets.front().table, rules_.size());
  const KeySchema& keys = replica.source->key_schema;
  const Target added =
      again ? former_target(connection, table)
            : new_target(replica.state_schema, place_.replica.targets.front().schema, table, keys,
                         {.rules = random_rules(keys, hashed_keys_, chance_.random),
                          .hash_key = hash_key()});
  if (!change(connection, replica, plan_added_targets(connection, replica, std::vector{added}, {})))
    return false;
  if (again) let_go_.pop_back();
  if (again) ++chance_.counts["former target added again"];
  rules_[table] = added.mapping.rules;
  return true;
}

/// With another clause, and the columns that its table has.
Target Operator::former_target(pg::Connection& connection, const std::string& table) {
  const KeySchema& keys = place_.replica.source->key_schema;
  const std::string& schema = place_.replica.targets.front().schema;
  Mapping mapping{.rules = rules_.at(table), .hash_key = hash_key()};
  mapping.rules.where = random_clause(keys, chance_.random);
  mapping.columns = adopted_columns(
      find_columns(connection, new_target(place_.replica.state_schema, schema, table, keys)));
  return new_target(place_.replica.state_schema, schema, table, keys, std::move(mapping));
}

// It is let go as it was configured, so that whoever takes its table over finds that layout.
bool Operator::let_target_go(pg::Connection& connection) {
  const Replica replica = this->replica(connection);
  if (replica.targets.size() == 1) return false;
  const Target& target = replica.targets[chance_.below(replica.targets.size())];
  if (target.mapping.rules.layout != rules_.at(target.table).layout) return false;
  if (!change(connection, replica, plan_released_targets(connection, replica, std::vector{target})))
    return false;
  take_choice(rules_.at(target.table), target.mapping.rules);
  let_go_.push_back(target.table);
  return true;
}

// Not all worlds: the pass that this brings hides what went wrong before it.
void Operator::restore_mapping(pg::Connection& connection) {
  const Replica now = replica(connection);
  const bool keeps = place_.changes_targets && chance_.below(2) == 0;
  for (std::size_t number = 0; number < now.targets.size(); ++number) {
    const MappingRules& shown = now.targets[number].mapping.rules;
    if (keeps && shown.declared.empty()) continue;
    MappingRules rules = rules_.at(now.targets[number].table);
    if (chance_.below(2) == 0) rules.where = shown.where;
    if (chance_.below(2) == 0) take_choice(rules, shown);
    constexpr int kAttemptsMax = 100;
    for (int attempt = 0; replica(connection).targets[number].mapping.rules != rules; ++attempt) {
      if (attempt == kAttemptsMax) throw Error{Error::Kind::bug, "the mapping cannot be restored"};
      change_rules(connection, number, rules);
    }
  }
}

// NOT VALID: of rows that are there already it asks nothing.
void Operator::add_constraint(pg::Connection& connection) {
  drop_constraint(connection);
  const Target target = replica(connection).targets.front();
  const std::uint64_t refused = chance_.below(7);
  connection.run(
      fmt::format("ALTER TABLE {} ADD CONSTRAINT dba CHECK (length({}::text) % 7 <> {}) NOT VALID",
                  target.qualified_name(),
                  target.mapping.rules.layout == LayoutKind::document ? "item" : "_rest", refused));
}

void Operator::drop_constraint(pg::Connection& connection) {
  for (const Target& target : replica(connection).targets)
    connection.run(
        fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS dba", target.qualified_name()));
}

}  // namespace dynamite::sim
