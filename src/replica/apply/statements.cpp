#include "replica/apply/statements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <variant>

#include "replica/apply/kept_record.hpp"
#include "replica/state/attributes.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::string_view kSetTimeouts =
    "SELECT set_config('statement_timeout', $1, true), "
    "set_config('idle_in_transaction_session_timeout', $1, true)";

Step step(std::string_view sql, Counts counts = Counts::nothing) {
  return {.statement = {sql, {}}, .counts = counts};
}

/// A step whose first parameters are keys.
Step step_of(std::string_view sql, const KeyArrays& keys, Counts counts = Counts::nothing) {
  Step made = step(sql, counts);
  keys.add_to(made.statement.params);
  return made;
}

/// A step whose first parameters are keys, and then their versions.
Step step_of(std::string_view sql, const RowKeys& rows, Counts counts = Counts::nothing) {
  Step made = step_of(sql, rows.keys, counts);
  made.statement.params.array(rows.versions);
  return made;
}

/// The same for removes.
Step remove_step_of(std::string_view sql, const RowKeys& removes, Counts counts = Counts::nothing) {
  Step made = step_of(sql, removes, counts);
  if (removes.kept_at.size() > 0) made.statement.params.array(removes.kept_at);
  return made;
}

void text_or_null(pg::Params& params, const std::string& text) {
  text.empty() ? params.null() : params.text(text);
}

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace

ReplicaSql::ReplicaSql(const Replica& replica)
    : source{source_sql(replica.state_schema)},
      dead_letter{replica.hashes_keys() ? source.dead_letter_anew : source.dead_letter} {
  for (const Target& target : replica.targets) targets.push_back(target_sql(replica, target));
}

// A remove counts as applied if it leaves a tombstone. A put counts unless it is taken back.
std::uint64_t count(std::uint64_t applied, const Step& step, const pg::Result& result) {
  switch (step.counts) {
    case Counts::nothing:
      return applied;
    case Counts::affected:
      return applied + result.affected();
    case Counts::value:
      return applied + static_cast<std::uint64_t>(result.number(0, 0));
    case Counts::taken_back:
      return applied - std::min(applied, result.affected());
  }
  return applied;
}

Steps Statements::begin(const std::optional<std::string>& lowest_generation,
                        std::chrono::system_clock::time_point now) const {
  Steps steps;
  if (const auto deadline = request_.fence.deadline) {
    const auto left = duration_cast<milliseconds>(*deadline - now);
    steps.push_back(step(kSetTimeouts));
    steps.back().statement.params.number(std::max(left, milliseconds{1}).count());  // 0: no limit
  }
  steps.push_back({.statement = lock_shared(request_.table)});
  if (!request_.retried_letters.empty()) {
    steps.push_back(step(sql_.source.discard_dead_letters));
    steps.back().statement.params.text(
        fmt::format("{{{}}}", fmt::join(request_.retried_letters, ",")));
  }
  const auto require_epoch = [&](const std::string& sql, std::int32_t epoch) {
    steps.push_back(step(sql));
    steps.back()
        .statement.params.number(request_.table.id)
        .number(epoch)
        .number(request_.table.mapping);
  };
  std::visit(
      Overloaded{[&](const ByFollower& by) {
                   steps.push_back(with_follower(by.owner, lowest_generation));
                 },
                 [&](const ByPass& by) { require_epoch(sql_.source.require_pass, by.epoch); },
                 [&](const ByReadBack& by) {
                   require_epoch(sql_.source.require_epoch, by.epoch);
                   if (by.owner) steps.push_back(with_follower(by.owner, lowest_generation));
                 }},
      request_.fence.writer);
  return steps;
}

Step Statements::with_follower(std::optional<std::int64_t> owner,
                               const std::optional<std::string>& lowest_generation) const {
  Step made = step(sql_.source.require_follower);
  pg::Params& params = made.statement.params;
  params.number(request_.table.id);
  owner ? params.number(*owner) : params.null();
  params.text_or_null(lowest_generation).number(request_.table.mapping);
  return made;
}

Step Statements::put(std::size_t target, const RowKeys& keys, const RowValues& values,
                     const std::string& lowest_version) const {
  const TargetSql& sql = sql_.targets[target];
  const auto pass = request_.fence.pass();
  Step made = step_of(pass ? sql.put_scanned : sql.put, keys.keys, Counts::affected);
  pg::Params& params = made.statement.params;
  values.values.add_to(params);
  params.array(values.times);
  pass ? params.number(*pass) : params.array(keys.versions).text(lowest_version);
  return made;
}

Steps Statements::after_puts(std::size_t target, const AfterPuts& after) const {
  const TargetSql& sql = sql_.targets[target];
  const auto pass = request_.fence.pass();
  Steps steps;
  for (const RowKeys& puts : after.puts) {
    if (pass) {
      steps.push_back(step_of(sql.recheck_scanned, puts.keys, Counts::taken_back));
      steps.back().statement.params.number(*pass);
    } else {
      steps.push_back(step_of(sql.recheck, puts, Counts::taken_back));
      steps.back().statement.params.text(after.lowest_version);
    }
  }
  for (const RowKeys& removes : after.removes) {
    steps.push_back(remove_step_of(sql.remove, removes, Counts::value));
    steps.back().statement.params.text(after.lowest_version);
  }
  for (const RowKeys& removes : after.removes)
    steps.push_back(remove_step_of(sql.remove_held, removes));
  for (const RowKeys& removes : after.removes)
    steps.push_back(step_of(sql.tombstone, removes, Counts::affected));
  for (const KeyArrays& keys : after.untaken) steps.push_back(untaken(target, keys));
  for (const KeyArrays& keys : after.stamps) {
    steps.push_back(step_of(sql.stamp, keys));
    steps.back().statement.params.number(pass.value());
  }
  return steps;
}

Step Statements::untaken(std::size_t target, const KeyArrays& keys) const {
  Step made = step_of(sql_.targets[target].delete_untaken, keys, Counts::affected);
  made.statement.params.number(request_.fence.pass().value());
  return made;
}

Steps Statements::remove_behind_lock(std::size_t target, const AfterPuts& after) const {
  const TargetSql& sql = sql_.targets[target];
  Steps steps;
  steps.push_back(step(sql.lock_writers));
  steps.push_back(step(sql.note_unmet));
  for (const RowKeys& removes : after.removes)
    steps.push_back(remove_step_of(sql.remove_held, removes));
  for (const RowKeys& removes : after.removes)
    steps.push_back(step_of(sql.tombstone, removes, Counts::affected));
  return steps;
}

Steps Statements::stamp(std::size_t target, std::span<const RowKeys> rows) const {
  Steps steps;
  for (const RowKeys& keys : rows) {
    steps.push_back(step_of(sql_.targets[target].stamp, keys.keys));
    steps.back().statement.params.number(request_.fence.pass().value());
  }
  return steps;
}

// An applier that notes the same waits for the other's commit. It holds no row then that the other
// may wait for: both have locked the target's rows before.
Steps Statements::notes(std::size_t target, std::span<const AttributeNote> notes) const {
  Steps steps;
  if (notes.empty()) return steps;
  steps.push_back(step(sql_.source.note_attributes));
  steps.back().statement.params = note_attributes_params(request_.table.targets[target], notes);
  return steps;
}

// Of what was read, by a pass or for a record, a row is added only if it says something new. So
// what was read for a record comes behind the record.
Steps Statements::history(std::size_t target, const AfterPuts& after) const {
  const TargetSql& sql = sql_.targets[target];
  const auto pass = request_.fence.pass();
  Steps steps;
  const auto add = [&](const std::string& text, const HistoryRows& rows) -> pg::Params& {
    steps.push_back(step_of(text, rows.keys.keys));
    pg::Params& params = steps.back().statement.params;
    rows.values.values.add_to(params);
    return params.array(rows.changes).array(rows.values.times);
  };
  for (const HistoryRows& rows : after.history) {
    pg::Params& params = add(pass ? sql.history_scanned : sql.history, rows);
    pass ? params.number(*pass) : params.array(rows.keys.versions);
  }
  for (const HistoryRows& rows : after.history_read)
    add(sql.history_read, rows)
        .array(rows.keys.versions)
        .number(std::get<ByReadBack>(request_.fence.writer).epoch);
  return steps;
}

Steps Statements::letters(std::span<const DeadLetter> letters) const {
  Steps steps;
  if (letters.empty()) return steps;
  HashedKeys keys = request_.table.hashed_keys();
  for (const DeadLetter& letter : letters) {
    steps.push_back(step(sql_.dead_letter));
    pg::Params& params = steps.back().statement.params;
    params.number(request_.table.id);
    params.bytes(letter.key.empty() ? letter.key : keys.of(letter.key)).text(letter.version);
    params.bytes(kept_record(letter, request_.table)).text(letter.reason);
    text_or_null(params, letter.sqlstate);
    text_or_null(params, letter.constraint);
  }
  steps.push_back(step(sql_.source.require_dead_letters));
  steps.back().statement.params.number(request_.table.id).number(options_.dead_letters_max);
  return steps;
}

Steps Statements::end(const PreparedBatch* last, std::chrono::microseconds clock_offset) const {
  Steps steps;
  if (request_.checkpoint && last != nullptr)
    steps.push_back(checkpoint(*request_.checkpoint, *last));
  if (const auto deadline = request_.fence.deadline) {
    steps.push_back(step(sql_.source.require_before));
    const auto of_server =
        duration_cast<std::chrono::microseconds>(deadline->time_since_epoch()) + clock_offset;
    steps.back().statement.params.timestamp(of_server.count());
  }
  return steps;
}

Step Statements::checkpoint(const Checkpoint& checkpoint, const PreparedBatch& whole) const {
  Step made = step(sql_.source.checkpoint);
  const Batch& batch = request_.batch;
  const auto newest = newest_time(batch);
  made.statement.params.number(request_.table.id)
      .text(checkpoint.lane)
      .text(checkpoint.position)
      .text(checkpoint.finished ? "true" : "false")
      .number(static_cast<std::int64_t>(batch.changes.size() + batch.rejected.size()))
      .timestamp(newest ? std::optional{newest->time_since_epoch().count()} : std::nullopt)
      .number(static_cast<std::int64_t>(whole.untaken));
  return made;
}

}  // namespace dynamite
