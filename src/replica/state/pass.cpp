#include "replica/state/pass.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "pg/identifier.hpp"
#include "pg/pipeline.hpp"
#include "replica/history/history_expiry.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/exclusive.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

constexpr int kExpireRows = 10'000;
constexpr int kExpireTransactionsMax =
    50;  // of a history in one call: whoever calls has other work

PassState::Phase phase_of(std::string_view text) {
  if (text == "running") return PassState::Phase::running;
  if (text == "sweeping") return PassState::Phase::sweeping;
  return PassState::Phase::none;
}

std::uint64_t expire(pg::Connection& connection, const Replica& table, const Target& target) {
  const std::string sql = fmt::format(
      R"(DELETE FROM {0} WHERE ctid IN (
  SELECT d.ctid FROM {0} d WHERE d.removed_at < now() - interval '48 hours'
    AND (SELECT pass = 'none' FROM {1} WHERE replica_id = $1::integer)
  ORDER BY d.removed_at LIMIT {2} FOR UPDATE SKIP LOCKED))",
      target.tombstones, state_name(table.state_schema, "replica"), kExpireRows);
  const std::string require = require_mapping_sql(table);
  std::uint64_t total = 0;
  for (std::uint64_t deleted = kExpireRows; deleted == kExpireRows;) {
    std::vector<pg::Statement> statements = hold_mapping(table, require);
    statements.push_back({sql, {}});
    statements.back().params.number(table.id);
    deleted = pg::run_transaction(connection, statements).back().affected();
    total += deleted;
  }
  return total;
}

/// What of the target's history grew old since the last call, and an hour before: the times of a
/// key's rows may go back. Rows come when they are a day old at most, and are kept longer. Absent:
/// the target was let go meanwhile.
std::optional<HistorySpan> span_to_expire(pg::Connection& connection, const Target& target,
                                          const std::string& targets) {
  const pg::Result times = connection.run(
      fmt::format(R"(SELECT
  (extract(epoch FROM history_expired_to - interval '1 hour') * 1000000)::bigint,
  (extract(epoch FROM now() - $2::bigint * interval '1 second') * 1000000)::bigint
FROM {} WHERE target_id = $1::integer)",
                  targets),
      std::move(pg::Params{}.number(target.id).number(target.mapping.rules.history_keep.count())));
  if (times.rows() == 0) return std::nullopt;
  HistorySpan span{.since = {}, .until = Micros{std::chrono::microseconds{times.number(0, 1)}}};
  if (times.text(0, 0)) span.since = Micros{std::chrono::microseconds{times.number(0, 0)}};
  return span;
}

/// Until nothing is left: behind what a transaction deletes, rows without an item go too.
std::uint64_t expire_history_of(pg::Connection& connection, const Replica& table,
                                const Target& target) {
  const std::string targets = state_name(table.state_schema, "replica_target");
  const auto span = span_to_expire(connection, target, targets);
  if (!span) return 0;
  const std::string require = require_mapping_sql(table);
  const std::string expire = history_expiry_sql(history_of(target), kExpireRows);
  std::uint64_t total = 0;
  for (int i = 0; i < kExpireTransactionsMax; ++i) {
    std::vector<pg::Statement> statements = hold_mapping(table, require);
    statements.push_back({expire, params_of(*span)});
    const auto results = pg::run_transaction(connection, statements);
    const pg::Result& expired = results.back();
    total += static_cast<std::uint64_t>(expired.number(0, 0));
    if (!expired.flag(0, 1)) continue;
    connection.run(
        fmt::format("UPDATE {} SET history_expired_to = $2 WHERE target_id = $1::integer", targets),
        std::move(
            pg::Params{}.number(target.id).timestamp(span->until.time_since_epoch().count())));
    break;
  }
  return total;
}

}  // namespace

std::string segment_lane(std::int32_t epoch, std::int32_t segment) {
  return fmt::format("segment/{}/{}", epoch, segment);
}

PassState Passes::state(const pg::Limits& limits) {
  const pg::Result row = connection_.run(
      fmt::format(R"(SELECT r.pass, r.epoch, r.completed_epoch, coalesce(r.pass_segments, 0),
  r.oldest_stream, extract(epoch FROM now() - r.pass_started_at)::bigint, count(g.*) > 0, coalesce(bool_or(g.noticed_epoch >= r.epoch), false),
  (SELECT max(t.since_epoch) FROM {0}.replica_target t WHERE t.replica_id = r.replica_id)
FROM {0}.replica r LEFT JOIN {0}.gap g ON g.replica_id = r.replica_id AND g.healed_at IS NULL
WHERE r.replica_id = $1::integer GROUP BY r.replica_id)",
                  quote_identifier(table_.state_schema)),
      std::move(pg::Params{}.number(table_.id)), limits);
  if (row.rows() == 0)
    throw Error{Error::Kind::gone,
                "the replica " + table_.qualified_names() + " is no longer registered"};
  const auto since_start =
      row.text(0, 5) ? std::optional{std::chrono::seconds{row.number(0, 5)}} : std::nullopt;
  return {.phase = phase_of(row.at(0, 0)),
          .epoch = static_cast<std::int32_t>(row.number(0, 1)),
          .completed_epoch = static_cast<std::int32_t>(row.number(0, 2)),
          .since_epoch = static_cast<std::int32_t>(row.number(0, 8)),
          .segments = static_cast<std::int32_t>(row.number(0, 3)),
          .oldest_generation = static_cast<std::uint64_t>(row.number(0, 4)),
          .since_start = since_start,
          .gap_open = row.flag(0, 6),
          .gap_since_start = row.flag(0, 7)};
}

std::int32_t Passes::start(const PassStart& with, std::stop_token stop) {
  std::int32_t epoch = 0;
  run_exclusively(connection_, table_, stop, [&](pg::Transaction& transaction) {
    const pg::Result row = transaction.run(
        fmt::format(
            R"(UPDATE {} SET epoch = epoch + 1, pass = 'running', pass_segments = $2::integer,
  pass_started_at = now(), state = 'snapshot', oldest_stream = greatest(oldest_stream, $3::bigint) WHERE replica_id = $1::integer RETURNING epoch)",
            state_name(table_.state_schema, "replica")),
        std::move(pg::Params{}
                      .number(table_.id)
                      .number(with.segments)
                      .number(static_cast<std::int64_t>(with.oldest_generation))));
    epoch = static_cast<std::int32_t>(row.number(0, 0));
    transaction.run(
        fmt::format("DELETE FROM {} WHERE replica_id = $1::integer AND lane LIKE 'segment/%'",
                    state_name(table_.state_schema, "checkpoint")),
        std::move(pg::Params{}.number(table_.id)));
  });
  return epoch;
}

bool Passes::replica_is_empty() {
  return std::ranges::all_of(table_.targets, [&](const Target& target) {
    return connection_.run("SELECT NOT EXISTS (SELECT FROM " + target.qualified_name() + ")")
        .flag(0, 0);
  });
}

void Passes::begin_sweep(std::int32_t epoch, std::stop_token stop) {
  run_exclusively(connection_, table_, stop, [&](pg::Transaction& transaction) {
    const pg::Result done = transaction.run(
        fmt::format("UPDATE {} SET pass = 'sweeping' "
                    "WHERE replica_id = $1::integer AND epoch = $2::integer AND pass <> 'none'",
                    state_name(table_.state_schema, "replica")),
        std::move(pg::Params{}.number(table_.id).number(epoch)));
    if (done.affected() == 0) require_completed(epoch);
  });
}

// The commit of a completed pass may have been lost on its way to us, and is repeated then.
void Passes::require_completed(std::int32_t epoch) {
  if (state().completed_epoch < epoch)
    throw Error{Error::Kind::fenced, fmt::format("pass {} of {} was followed by another one", epoch,
                                                 table_.qualified_names())};
}

SweepOutcome Passes::sweep(std::int32_t epoch, const ApplyOptions& options,
                           const std::stop_token& stop) {
  SweepOutcome outcome;
  DeadLetters{connection_, table_}.discard_before_pass();
  for (const Target& target : table_.targets)
    outcome += Sweep{connection_, table_, target, epoch, options}.run(stop);
  DeadLetters{connection_, table_}.discard_swept();
  complete(epoch);
  return outcome;
}

void Passes::complete(std::int32_t epoch) {
  const std::string state = quote_identifier(table_.state_schema);
  const std::string done = fmt::format(
      R"(UPDATE {}.replica SET pass = 'none', completed_epoch = epoch, completed_at = now(),
  state = CASE follower WHEN 'daemon' THEN 'catching up' ELSE 'stopped' END
WHERE replica_id = $1::integer AND epoch = $2::integer AND pass = 'sweeping')",
      state);
  const std::string heal = fmt::format(
      R"(UPDATE {0}.gap SET healed_at = now()
WHERE replica_id = $1::integer AND noticed_epoch < $2::integer AND healed_at IS NULL
  AND (SELECT pass = 'none' AND completed_epoch = $2::integer FROM {0}.replica
       WHERE replica_id = $1::integer))",
      state);
  std::vector<pg::Statement> statements;
  for (const std::string* sql : {&done, &heal}) {
    statements.push_back({*sql, {}});
    statements.back().params.number(table_.id).number(epoch);
  }
  if (pg::run_transaction(connection_, statements).front().affected() == 0)
    require_completed(epoch);
}

std::uint64_t expire_tombstones(pg::Connection& connection, const Replica& table) {
  std::uint64_t total = 0;
  for (const Target& target : table.targets) total += expire(connection, table, target);
  return total;
}

std::uint64_t expire_histories(pg::Connection& connection, const Replica& table) {
  std::uint64_t total = 0;
  for (const Target& target : table.targets) {
    const MappingRules& rules = target.mapping.rules;
    if (rules.history && rules.history_keep.count() > 0)
      total += expire_history_of(connection, table, target);
  }
  return total;
}

}  // namespace dynamite
