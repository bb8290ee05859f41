#include "replica/apply/bisection.hpp"

#include <algorithm>
#include <iterator>

#include "pg/savepoint.hpp"
#include "replica/apply/history_rows.hpp"

namespace dynamite {
namespace {

DeadLetter refused(const Change& change, const pg::PgError& error) {
  return {.key = change.key,
          .record = change.record,
          .version = std::string{change.version.digits()},
          .reason = error.what(),
          .sqlstate = error.sqlstate(),
          .constraint = error.constraint()};
}

/// Of the change of one key.
bool is_scanned(std::span<const Change> change) {
  return !change.empty() && change.front().kind == ChangeKind::scanned;
}

void append(Steps& steps, Steps more) { std::ranges::move(more, std::back_inserter(steps)); }

}  // namespace

void Bisection::run() { run(keys_of(changes_, history_)); }

std::vector<Rows> Bisection::rows_of(std::span<const std::string_view> keys) const {
  const TargetChanges changes = within(changes_, keys);
  const TargetChanges history = within(history_, keys);
  std::vector<Rows> rows;
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    rows.push_back(make_rows(changes[target], targets_[target]));
    add_history(rows.back().after, history[target], targets_[target]);
    if (is_read_back_) add_history_read(rows.back().after, changes[target], targets_[target]);
  }
  return rows;
}

void Bisection::run(std::span<const std::string_view> keys) {
  if (keys.empty()) return;
  const std::vector<Rows> rows = rows_of(keys);
  Steps steps;
  for (std::size_t target = 0; target < rows.size(); ++target) {
    append(steps, steps_of(target, rows[target]));
    append(steps, statements_.history(target, rows[target].after));
  }
  const auto refusal = attempt(std::move(steps));
  if (!refusal) {
    add_letters_of(rows);
  } else if (keys.size() == 1) {
    set_aside(keys.front(), *refusal);
  } else {
    const std::size_t half = keys.size() / 2;
    run(keys.first(half));
    run(keys.subspan(half));
  }
}

void Bisection::set_aside(std::string_view key, const pg::PgError& refusal) {
  const TargetChanges changes = within(changes_, std::span{&key, 1});
  const TargetChanges history = within(history_, std::span{&key, 1});
  const std::vector<Rows> rows = rows_of(std::span{&key, 1});
  Steps behind_lock;
  bool has_remove = false;
  for (std::size_t target = 0; target < rows.size(); ++target) {
    const AfterPuts& after = rows[target].after;
    has_remove = has_remove || !after.removes.empty();
    append(behind_lock, after.removes.empty() ? steps_of(target, rows[target])
                                              : statements_.remove_behind_lock(target, after));
    append(behind_lock, statements_.history(target, after));
  }
  // A constraint of the DBA may have refused the placeholder of a remove.
  if (has_remove && !attempt(std::move(behind_lock))) {
    add_letters_of(rows);
    return;
  }
  // Of a history each record is refused, also one that a later record of its key supersedes.
  for (const TargetChanges* of_targets : {&changes, &history})
    for (const std::span<const Change> of_target : *of_targets)
      for (const Change& change : of_target)
        add_letters(letters_, std::vector{refused(change, refusal)});
  tell_the_sweep(changes, rows);
}

/// The item of a scanned change is there: the sweep must not take its row for one whose item is
/// gone.
void Bisection::tell_the_sweep(const TargetChanges& changes, std::span<const Rows> rows) {
  Steps stamps;
  for (std::size_t target = 0; target < rows.size(); ++target) {
    for (const KeyArrays& keys : rows[target].after.untaken)
      attempt_one(statements_.untaken(target, keys));
    if (is_scanned(changes[target]))
      append(stamps, statements_.stamp(target, rows[target].after.puts));
  }
  if (stamps.empty() || !attempt(std::move(stamps))) return;
  // A constraint that is newer than the row and is broken by it refuses even the stamp. Then the
  // sweep deletes the row, and the dead letter tells of it. The sweep of a target that keeps rows
  // would mark the row as that of a removed item: here the row is deleted at once.
  for (std::size_t target = 0; target < rows.size(); ++target)
    if (is_scanned(changes[target]) && targets_[target].layout.keeps())
      for (const RowKeys& put : rows[target].after.puts)
        attempt_one(statements_.untaken(target, put.keys));
}

void Bisection::attempt_one(Step step) {
  Steps steps;
  steps.push_back(std::move(step));
  attempt(std::move(steps));
}

Steps Bisection::steps_of(std::size_t target, const Rows& rows) const {
  const AfterPuts& after = rows.after;
  Steps steps;
  for (std::size_t i = 0; i < after.puts.size(); ++i)
    steps.push_back(statements_.put(target, after.puts[i], rows.values[i], after.lowest_version));
  append(steps, statements_.after_puts(target, after));
  append(steps, statements_.notes(target, after.notes));
  return steps;
}

void Bisection::add_letters_of(std::span<const Rows> rows) {
  for (const Rows& of_target : rows) add_letters(letters_, of_target.after.dead_letters);
}

std::optional<pg::PgError> Bisection::attempt(Steps steps) {
  std::vector<pg::Statement> statements;
  for (Step& step : steps) statements.push_back(std::move(step.statement));
  const Attempt attempt = attempt_within_savepoint(transaction_, statements);
  if (attempt.refusal) return attempt.refusal;
  for (std::size_t i = 0; i < steps.size(); ++i)  // the savepoint's own result is the first
    applied_ = count(applied_, steps[i], attempt.results[i + 1]);
  return std::nullopt;
}

}  // namespace dynamite
