#include "replica/state/sweep.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/error.hpp"
#include "pg/identifier.hpp"
#include "pg/pipeline.hpp"
#include "pg/savepoint.hpp"
#include "replica/history/history_sql.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/locks.hpp"
#include "replica/state/source_sql.hpp"
#include "replica/state/table_sql.hpp"

namespace dynamite {
namespace {

// One transaction of the sweep: short enough that nobody waits for its row locks.
constexpr int kSweepRows = 5'000;

constexpr std::string_view kWhy = "the pass found no item, but its row cannot be deleted: ";

/// Keys given as one array for each part, from $3 on.
std::string in_list(const KeyColumns& keys) {
  std::vector<std::string> typed, parameters;
  for (const std::string_view type : keys.cast_types()) {
    typed.push_back(fmt::format("a.k{}::{}", typed.size() + 1, type));
    parameters.push_back(fmt::format("${}::text[]", parameters.size() + 3));
  }
  return fmt::format("{} IN (SELECT {} FROM unnest({}) AS a ({}))", key_row(keys),
                     fmt::join(typed, ", "), fmt::join(parameters, ", "), keys.parts());
}

bool is_poison(const pg::PgError& error) { return error.kind() == Error::Kind::poison; }

}  // namespace

Sweep::Sweep(pg::Connection& connection, const Replica& table, const Target& target,
             std::int32_t epoch, const ApplyOptions& options)
    : connection_{connection},
      table_{table},
      target_{target},
      epoch_{epoch},
      options_{options},
      keys_{target.layout.keys()},
      listed_{sql_for(in_list(keys_))} {}

/// SQL of the rows that `where` chooses as long as the pass is being swept.
std::string Sweep::chosen(const std::string& where) const {
  return fmt::format(
      "(SELECT true FROM {} WHERE replica_id = $1::integer AND epoch = $2::integer AND pass = "
      "'sweeping') AND {}",
      state_name(table_.state_schema, "replica"), where);
}

Sweep::Sql Sweep::sql_for(const std::string& where) const {
  const std::string replica = target_.qualified_name();
  const std::string tombstones = target_.tombstones;
  const std::string version = target_.layout.of(ColumnRole::version).quoted();
  const std::string epoch = target_.layout.of(ColumnRole::epoch).quoted();
  const std::string matches = fmt::format("{} = ({})", key_row(keys_), keys_.parts("d"));
  const std::string chosen = this->chosen(where);
  const std::string live = target_.layout.and_not_removed();
  const std::string ghosts = fmt::format(
      "FROM {} t LEFT JOIN {} d ON {} WHERE {} AND (t.{} < $2::integer OR d.epoch >= $2::integer "
      "AND d.version > t.{}){}",
      replica, tombstones, matches, chosen, epoch, version, live);
  const std::string covered =
      fmt::format("{} AND {} AND d.epoch >= $2::integer AND d.version > t.{}{}", chosen, matches,
                  version, live);
  const std::string unmet = fmt::format("{} AND t.{} < $2::integer{}", chosen, epoch, live);
  Sql sql = target_.mapping.rules.keep_removed ? keeping_sql(covered, unmet)
                                               : deleting_sql(covered, unmet);
  sql.any_left = fmt::format("SELECT EXISTS (SELECT {})", ghosts);
  sql.ghosts = fmt::format("SELECT {}, greatest(t.{}, d.version) {} ORDER BY {}",
                           fmt::join(keys_.texts(), ", "), version, ghosts, keys_.names("t"));
  return sql;
}

Sweep::Sql Sweep::deleting_sql(const std::string& covered, const std::string& unmet) const {
  const std::string replica = target_.qualified_name();
  return {
      .covered =
          fmt::format("DELETE FROM {} t USING {} d WHERE {}", replica, target_.tombstones, covered),
      .unmet = fmt::format(
          R"(WITH {0} AS (
  DELETE FROM {1} t WHERE {2} RETURNING {3}, t.{4} AS version){5}
{6})",
          gone(), replica, unmet, keys_.names("t"), target_.layout.of(ColumnRole::version).quoted(),
          and_noted(), tombstones_of_gone_sql(target_, ", $2::integer")),
      .any_left = {},
      .ghosts = {}};
}

/// The rows stay, as those of items that were removed, with the epoch that a tombstone would have.
Sweep::Sql Sweep::keeping_sql(const std::string& covered, const std::string& unmet) const {
  const std::string replica = target_.qualified_name();
  const std::string removed_at = target_.layout.of(ColumnRole::removed_at).quoted();
  const std::string version = target_.layout.of(ColumnRole::version).quoted();
  const std::string epoch = target_.layout.of(ColumnRole::epoch).quoted();
  std::string keep = fmt::format("UPDATE {} t SET {} = $2::integer, {} = now() WHERE {}", replica,
                                 epoch, removed_at, unmet);
  if (target_.mapping.rules.history)
    keep = fmt::format("WITH {} AS (\n  {} RETURNING {}, t.{}){}\nSELECT true FROM gone", gone(),
                       keep, keys_.names("t"), version, and_noted());
  return {.covered = fmt::format(
              "UPDATE {} t SET {} = d.version, {} = d.epoch, {} = d.removed_at FROM {} d WHERE {}",
              replica, version, epoch, removed_at, target_.tombstones, covered),
          .unmet = std::move(keep),
          .any_left = {},
          .ghosts = {}};
}

/// The name of the rows that a statement takes out, with the names of their columns where the
/// history notes them.
std::string Sweep::gone() const {
  return target_.mapping.rules.history ? fmt::format("gone ({}, version)", keys_.parts()) : "gone";
}

// Rows that a newer tombstone covers are not noted: what left the tombstone has noted more.
std::string Sweep::and_noted() const {
  if (!target_.mapping.rules.history) return {};
  return ",\n" + history_gone_sql(history_of(target_), kHistorySwept, "$2::integer");
}

SweepOutcome Sweep::run(std::stop_token stop) {
  SweepOutcome sum;
  std::optional<KeyText> after;
  while (const auto range = next_range(connection_, target_, after, kSweepRows)) {
    if (stop.stop_requested()) throw Error{Error::Kind::transient, "stopped during the sweep"};
    sum += sweep_range(*range);
    after = range->last;
  }
  if (target_.mapping.rules.history) sweep_history(stop);
  return sum;
}

// A history that was switched off for a time, or began late, does not know of all removes.
void Sweep::sweep_history(const std::stop_token& stop) {
  const HistoryTable history = history_of(target_);
  std::optional<KeyText> after;
  while (const auto range =
             next_range(connection_, history.qualified_name(), keys_, after, kSweepRows)) {
    if (stop.stop_requested()) throw Error{Error::Kind::transient, "stopped during the sweep"};
    const std::string absent = history_absent_sql(
        history, history_target(target_), chosen(range->condition(keys_, 3)), "$2::integer");
    std::vector<pg::Statement> statements;
    statements.push_back(lock_shared(table_));
    statements.push_back({absent, range_params(*range)});
    pg::run_transaction(connection_, statements);
    after = range->last;
  }
}

pg::Params Sweep::range_params(const KeyRange& range) const {
  pg::Params params;
  params.number(table_.id).number(epoch_);
  range.add_to(params);
  return params;
}

SweepOutcome Sweep::sweep_range(const KeyRange& range) {
  const Sql sql = sql_for(range.condition(keys_, 3));
  std::vector<pg::Statement> statements;
  statements.push_back(lock_shared(table_));
  for (const std::string* text : {&sql.covered, &sql.unmet, &sql.any_left})
    statements.push_back({*text, range_params(range)});
  std::uint64_t deleted = 0;
  try {
    const auto results = pg::run_transaction(connection_, statements);
    deleted = results[1].affected() + results[2].affected();
    if (!results[3].flag(0, 0)) return {.deleted = deleted};
  } catch (const pg::PgError& error) {
    if (!is_poison(error) || options_.on_poison == OnPoison::stop) throw;
  }
  SweepOutcome outcome = sweep_bisected(sql, range);
  outcome.deleted += deleted;
  return outcome;
}

SweepOutcome Sweep::sweep_bisected(const Sql& sql, const KeyRange& range) {
  pg::Transaction transaction{connection_};
  std::vector<pg::Statement> begin;
  begin.push_back(lock_shared(table_));
  begin.push_back({kConstraintsNow, {}});
  transaction.run(begin);
  const std::vector<Ghost> found = ghosts(transaction, sql, range_params(range));
  std::vector<Refusal> refused;
  const std::uint64_t deleted = bisect(transaction, found, refused);
  if (!refused.empty()) write_letters(transaction, refused);
  transaction.commit();
  return {.deleted = deleted, .kept = refused.size()};
}

std::vector<Sweep::Ghost> Sweep::ghosts(pg::Transaction& transaction, const Sql& sql,
                                        pg::Params params) {
  const pg::Result rows = transaction.run(sql.ghosts, std::move(params));
  const int parts = static_cast<int>(keys_.count());
  std::vector<Ghost> found;
  for (int row = 0; row < rows.rows(); ++row) {
    Ghost& ghost = found.emplace_back();
    for (int part = 0; part < parts; ++part) ghost.key.emplace_back(rows.at(row, part));
    ghost.version = rows.at(row, parts);
  }
  return found;
}

/// Returns how many rows it deleted.
std::uint64_t Sweep::bisect(pg::Transaction& transaction, std::span<const Ghost> ghosts,
                            std::vector<Refusal>& refused) {
  if (ghosts.empty()) return 0;
  std::array<pg::Array, 2> keys;
  for (const Ghost& ghost : ghosts)
    for (std::size_t part = 0; part < ghost.key.size(); ++part) keys[part].append(ghost.key[part]);
  std::vector<pg::Statement> statements;
  for (const std::string* sql : {&listed_.covered, &listed_.unmet, &listed_.any_left}) {
    pg::Params& params = statements.emplace_back(pg::Statement{*sql, {}}).params;
    params.number(table_.id).number(epoch_);
    for (std::size_t part = 0; part < keys_.count(); ++part) params.array(keys[part]);
  }
  const Attempt attempt = attempt_within_savepoint(transaction, statements);
  std::uint64_t deleted = 0;
  if (!attempt.refusal) {  // the savepoint's own result is the first
    deleted = attempt.results[1].affected() + attempt.results[2].affected();
    if (!attempt.results[3].flag(0, 0)) return deleted;
  }
  if (ghosts.size() > 1) {
    const std::size_t half = ghosts.size() / 2;
    deleted += bisect(transaction, ghosts.first(half), refused);
    return deleted + bisect(transaction, ghosts.subspan(half), refused);
  }
  if (attempt.refusal)
    refused.push_back({.ghost = ghosts.front(),
                       .reason = std::string{kWhy} + attempt.refusal->what(),
                       .sqlstate = attempt.refusal->sqlstate(),
                       .constraint = attempt.refusal->constraint()});
  else
    refused.push_back({.ghost = ghosts.front(),
                       .reason = std::string{kWhy} + "a trigger or rule of the replica keeps it",
                       .sqlstate = {},
                       .constraint = {}});
  return deleted;
}

// One letter for each key: a letter that is there and not older is about the same row, and its
// retry reads the same item back.
void Sweep::write_letters(pg::Transaction& transaction, std::span<const Refusal> refused) {
  if (options_.on_poison == OnPoison::stop)
    throw Error{Error::Kind::poison, refused.front().reason};
  const std::string letters = state_name(table_.state_schema, "dead_letter");
  const std::string insert = fmt::format(
      R"(INSERT INTO {0} (replica_id, key, version, record, reason, sqlstate, constraint_name)
SELECT $1::integer, $2, $3::numeric, $4, $5, $6, $7
WHERE NOT EXISTS (SELECT FROM {0} d WHERE d.replica_id = $1::integer
  AND sha256(d.key) = sha256($2) AND d.version >= $3::numeric)
ON CONFLICT DO NOTHING)",
      letters);
  const std::string require = source_sql(table_.state_schema).require_dead_letters;
  const KeySchema& keys = table_.keys();
  std::vector<pg::Statement> statements;
  for (const Refusal& refusal : refused) {
    const std::string key = keys_.canonical_key(refusal.ghost.key);
    pg::Params& params = statements.emplace_back(pg::Statement{insert, {}}).params;
    params.number(table_.id).bytes(key).text(refusal.ghost.version).bytes(swept_record(key, keys));
    params.text(refusal.reason);
    refusal.sqlstate.empty() ? params.null() : params.text(refusal.sqlstate);
    refusal.constraint.empty() ? params.null() : params.text(refusal.constraint);
  }
  statements.push_back({require, {}});
  statements.back().params.number(table_.id).number(options_.dead_letters_max);
  transaction.run(statements);
}

}  // namespace dynamite
