#include "sim/operator.hpp"

#include <fmt/format.h>

#include "engine/key_repair.hpp"
#include "engine/stream_watch.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/pass.hpp"

namespace dynamite::sim {

void Operator::maintain(pg::Connection& connection, const Table& table) {
  const Replica& replica = place_.replica;
  if (!followed_by_lambda(connection, replica)) return;
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
  DeadLetters letters{connection, place_.replica};
  KeyRepair reread{client_.dynamodb, connection, place_.replica, {}};
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

// NOT VALID: of rows that are there already it asks nothing.
void Operator::add_constraint(pg::Connection& connection) {
  drop_constraint(connection);
  const std::uint64_t refused = chance_.below(7);
  connection.run(fmt::format(
      "ALTER TABLE {} ADD CONSTRAINT dba CHECK (length(item::text) % 7 <> {}) NOT VALID",
      place_.replica.targets.front().qualified_name(), refused));
}

void Operator::drop_constraint(pg::Connection& connection) {
  connection.run(fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS dba",
                             place_.replica.targets.front().qualified_name()));
}

}  // namespace dynamite::sim
