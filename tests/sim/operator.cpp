#include "sim/operator.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "engine/key_repair.hpp"
#include "engine/stream_watch.hpp"
#include "replica/change/promotion.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/pass.hpp"

namespace dynamite::sim {

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

bool Operator::release_table() {
  pg::Connection connection = pg::Connection::open(place_.connect);
  return try_hold_alive(connection, place_.replica) && release(connection, place_.replica, {});
}

Replica Operator::replica(pg::Connection& connection) const {
  return Catalogue{connection, place_.replica.state_schema}
      .find(place_.replica.source->arn)
      .value();
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
  return rules;
}

bool Operator::change_rules(pg::Connection& connection, std::size_t number,
                            const MappingRules& rules) {
  const Replica replica = this->replica(connection);
  const Target& target = replica.targets.at(number);
  const auto change =
      plan_rules(target, replica.source->key_schema, rules, find_columns(connection, target),
                 chance_.below(2) == 0 ? RetiredColumns::drop : RetiredColumns::keep);
  return change && try_change(connection, replica, {*change});
}

bool Operator::change_mapping(pg::Connection& connection) {
  const std::size_t number = chance_.below(place_.replica.targets.size());
  const MappingRules rules = other_rules(replica(connection).targets.at(number));
  try {
    return change_rules(connection, number, rules);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::usage) throw;
    ++chance_.counts["change of the mapping refused"];
    return false;
  }
}

void Operator::restore_mapping(pg::Connection& connection) {
  for (std::size_t number = 0; number < place_.replica.targets.size(); ++number) {
    const MappingRules& rules = place_.replica.targets[number].mapping.rules;
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
  connection.run(fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS dba",
                             place_.replica.targets.front().qualified_name()));
}

}  // namespace dynamite::sim
