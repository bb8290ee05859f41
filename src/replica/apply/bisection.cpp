#include "replica/apply/bisection.hpp"

#include <algorithm>
#include <iterator>

#include "pg/savepoint.hpp"

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

std::vector<Rows> rows_of(std::span<const Change> changes, std::span<const Target> targets) {
  std::vector<Rows> rows;
  for (const Target& target : targets) rows.push_back(make_rows(changes, target));
  return rows;
}

void append(Steps& steps, Steps more) { std::ranges::move(more, std::back_inserter(steps)); }

}  // namespace

void Bisection::run(std::span<const Change> changes) {
  if (changes.empty()) return;
  const std::vector<Rows> rows = rows_of(changes, targets_);
  Steps steps;
  for (std::size_t target = 0; target < rows.size(); ++target) {
    const AfterPuts& after = rows[target].after;
    for (std::size_t i = 0; i < after.puts.size(); ++i)
      steps.push_back(
          statements_.put(target, after.puts[i], rows[target].values[i], after.lowest_version));
    append(steps, statements_.after_puts(target, after));
    append(steps, statements_.notes(target, after.notes));
  }
  const auto refusal = attempt(std::move(steps));
  if (!refusal) {
    for (const Rows& of_target : rows) add_letters(letters_, of_target.after.dead_letters);
  } else if (changes.size() == 1) {
    set_aside(changes.front(), *refusal);
  } else {
    const std::size_t half = changes.size() / 2;
    run(changes.first(half));
    run(changes.subspan(half));
  }
}

void Bisection::set_aside(const Change& change, const pg::PgError& refusal) {
  const std::vector<Rows> rows = rows_of(std::span{&change, 1}, targets_);
  // A constraint of the DBA may have refused the placeholder of a remove.
  if (change.kind == ChangeKind::remove) {
    Steps steps;
    for (std::size_t target = 0; target < rows.size(); ++target)
      append(steps, statements_.remove_behind_lock(target, rows[target].after));
    if (!attempt(std::move(steps))) return;
  }
  letters_.push_back(refused(change, refusal));
  if (change.kind != ChangeKind::scanned) return;
  // A constraint that is newer than the row and is broken by it refuses even the stamp. Then the
  // sweep deletes the row, and the dead letter tells of it.
  Steps stamps;
  for (std::size_t target = 0; target < rows.size(); ++target)
    append(stamps, statements_.stamp(target, rows[target].after.puts));
  attempt(std::move(stamps));
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
