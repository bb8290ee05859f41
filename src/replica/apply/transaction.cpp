#include "replica/apply/transaction.hpp"

#include <algorithm>
#include <iterator>
#include <variant>

#include "pg/pg_error.hpp"
#include "pg/savepoint.hpp"
#include "replica/apply/bisection.hpp"
#include "replica/apply/history_rows.hpp"
#include "replica/state/existing_table.hpp"

namespace dynamite {
namespace {

/// COPY does not go into a view.
bool is_unsupported(const pg::PgError& error) {
  constexpr std::string_view kWrongObjectType = "42809";
  return error.sqlstate() == kWrongObjectType;
}

void run_in(pg::Transaction& transaction, Steps steps) {
  std::vector<pg::Statement> statements;
  for (Step& step : steps) statements.push_back(std::move(step.statement));
  transaction.run(statements);
}

}  // namespace

ApplyTransaction::ApplyTransaction(pg::Connection& connection, AppliedReplica& replica,
                                   const ApplyRequest& request, const ApplyOptions& options,
                                   const pg::Limits& limits)
    : connection_{connection},
      replica_{replica},
      request_{request},
      options_{options},
      limits_{limits},
      statements_{replica.sql, request, options},
      notes_(replica.noted.size()) {}

ApplyOutcome ApplyTransaction::run(const PreparedTransaction& prepared,
                                   std::vector<DeadLetter> letters, const PreparedBatch* last) {
  last_ = last;
  note_changes(prepared);
  const auto* copied = std::get_if<std::vector<CopiedRows>>(&prepared.rows);
  try {
    if (copied != nullptr && run_copy(*copied, letters)) return outcome_;
    send_pipeline(prepared, letters);
    if (request_.on_sent) request_.on_sent();
    collect();
  } catch (const pg::PgError& error) {
    pipeline_.reset();
    const bool is_poison = error.kind() == Error::Kind::poison;
    // If the DBA has changed a column, this says more, and no record is to blame.
    if (is_poison || error.kind() == Error::Kind::usage)
      check_attribute_columns(connection_, request_.table);
    if (!is_poison || options_.on_poison == OnPoison::stop) throw;
    run_bisected(prepared, std::move(letters));
  }
  return outcome_;
}

void ApplyTransaction::send(const PreparedTransaction& prepared) {
  note_changes(prepared);
  send_pipeline(prepared, {});
}

ApplyOutcome ApplyTransaction::finish() {
  collect();
  return outcome_;
}

void ApplyTransaction::note_changes(const PreparedTransaction& prepared) {
  std::optional<Version> lowest;
  for (const std::vector<Change>& of_target : prepared.changes)
    for (const Change& change : of_target)
      lowest = lowest ? std::min(*lowest, change.version) : change.version;
  if (lowest) lowest_generation_ = lowest->generation();
}

/// False if a row is there already, or if one is refused for another reason: nothing was done.
bool ApplyTransaction::run_copy(const std::vector<CopiedRows>& rows,
                                std::vector<DeadLetter> letters) {
  for (const CopiedRows& copied : rows) require_no_poison(copied.after);
  try {
    pipeline_.emplace(connection_, limits_);
    add(begin_steps());
    std::size_t end = rows.size();  // behind the last target that gets rows
    while (end > 0 && rows[end - 1].data.rows() == 0) --end;
    for (std::size_t target = 0; target < end; ++target) {
      if (rows[target].data.rows() == 0) continue;
      const bool is_last = target + 1 == end;
      pipeline_->copy(replica_.sql.targets[target].copy, rows[target].data.data(),
                      is_last ? request_.on_sent : std::function<void()>{});
      outcome_.applied += rows[target].data.rows();
    }
    for (std::size_t target = 0; target < rows.size(); ++target)
      send_after_puts(target, rows[target].after, letters);
    add(statements_.letters(letters));
    add(end_steps());
    collect();
  } catch (const pg::PgError& error) {
    if (error.kind() != Error::Kind::poison && !is_unsupported(error)) throw;
    pipeline_.reset();
    sent_.clear();
    outcome_ = {};
    return false;
  }
  outcome_.dead_letters = letters.size();
  outcome_.copied = true;
  return true;
}

void ApplyTransaction::require_no_poison(const AfterPuts& after) const {
  if (!after.dead_letters.empty() && options_.on_poison == OnPoison::stop)
    throw Error{Error::Kind::poison, after.dead_letters.front().reason};
}

Steps ApplyTransaction::begin_steps() const {
  return statements_.begin(lowest_generation_, std::chrono::system_clock::now());
}

Steps ApplyTransaction::end_steps() const {
  return statements_.end(last_, connection_.clock_offset());
}

void ApplyTransaction::add(Step step) {
  pipeline_->add(step.statement);
  step.statement.params = {};
  sent_.push_back(std::move(step));
}

void ApplyTransaction::add(Steps steps) {
  for (Step& step : steps) add(std::move(step));
}

void ApplyTransaction::send_pipeline(const PreparedTransaction& prepared,
                                     std::vector<DeadLetter> letters) {
  pipeline_.emplace(connection_, limits_);
  add(begin_steps());
  const auto* made = std::get_if<std::vector<Rows>>(&prepared.rows);
  for (std::size_t target = 0; target < request_.table.targets.size(); ++target) {
    if (made != nullptr) {
      send_puts(target, (*made)[target]);
      send_after_puts(target, (*made)[target].after, letters);
      continue;
    }
    // The server works on the first puts while the next rows are made.
    AfterPuts after = make_rows(
        prepared.changes[target], request_.table.targets[target],
        [&](const RowKeys& keys, const RowValues& values, const std::string& lowest_version) {
          add(statements_.put(target, keys, values, lowest_version));
        });
    add_history(after, prepared.history[target], request_.table.targets[target]);
    if (prepared.is_read_back)
      add_history_read(after, prepared.changes[target], request_.table.targets[target]);
    send_after_puts(target, after, letters);
  }
  add(statements_.letters(letters));
  add(end_steps());
  pipeline_->end();
  outcome_.dead_letters = letters.size();
}

void ApplyTransaction::send_puts(std::size_t target, const Rows& rows) {
  for (std::size_t i = 0; i < rows.values.size(); ++i)
    add(statements_.put(target, rows.after.puts[i], rows.values[i], rows.after.lowest_version));
}

void ApplyTransaction::send_after_puts(std::size_t target, const AfterPuts& after,
                                       std::vector<DeadLetter>& letters) {
  require_no_poison(after);
  add_letters(letters, after.dead_letters);
  add(statements_.after_puts(target, after));
  send_notes(target, after);
  add(statements_.history(target, after));
}

void ApplyTransaction::send_notes(std::size_t target, const AfterPuts& after) {
  notes_[target] = replica_.noted[target].unknown(after.notes);
  add(statements_.notes(target, notes_[target]));
}

void ApplyTransaction::collect() {
  const auto results = pipeline_->commit();
  for (std::size_t i = 0; i < sent_.size(); ++i)
    outcome_.applied = count(outcome_.applied, sent_[i], results[i]);
  for (std::size_t target = 0; target < notes_.size(); ++target)
    replica_.noted[target].add(notes_[target]);
}

void ApplyTransaction::run_bisected(const PreparedTransaction& prepared,
                                    std::vector<DeadLetter> letters) {
  pg::Transaction transaction{connection_, limits_};
  Steps begin = begin_steps();
  begin.push_back({.statement = {kConstraintsNow, {}}});
  run_in(transaction, std::move(begin));
  Bisection bisection{transaction, statements_, request_.table.targets, prepared};
  bisection.run();
  add_letters(letters, bisection.letters());
  Steps end = statements_.letters(letters);
  std::ranges::move(end_steps(), std::back_inserter(end));
  run_in(transaction, std::move(end));
  transaction.commit();
  outcome_ = {.applied = bisection.applied(), .dead_letters = letters.size()};
}

}  // namespace dynamite
