#include "replica/apply/transaction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "pg/savepoint.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kSetTimeouts =
    "SELECT set_config('statement_timeout', $1, true), "
    "set_config('idle_in_transaction_session_timeout', $1, true)";

DeadLetter refused(const Change& change, const pg::PgError& error) {
  return {.key = change.key,
          .record = change.record,
          .version = std::string{change.version.digits()},
          .reason = error.what(),
          .sqlstate = error.sqlstate(),
          .constraint = error.constraint()};
}

/// COPY does not go into a view.
bool is_unsupported(const pg::PgError& error) {
  constexpr std::string_view kWrongObjectType = "42809";
  return error.sqlstate() == kWrongObjectType;
}

}  // namespace

ApplyTransaction::ApplyTransaction(pg::Connection& connection, const ApplySql& sql,
                                   const ApplyRequest& request, const ApplyOptions& options,
                                   const pg::Limits& limits)
    : connection_{connection}, sql_{sql}, request_{request}, options_{options}, limits_{limits} {}

ApplyOutcome ApplyTransaction::run(const PreparedTransaction& prepared,
                                   std::vector<DeadLetter> letters, bool last) {
  note_changes(prepared.changes, last);
  if (prepared.copy && run_copy(*prepared.copy, letters)) return outcome_;
  try {
    send_pipeline(prepared, letters);
    if (request_.on_sent) request_.on_sent();
    collect();
  } catch (const pg::PgError& error) {
    if (error.kind() != Error::Kind::poison || options_.on_poison == OnPoison::stop) throw;
    pipeline_.reset();
    run_bisected(prepared.changes, std::move(letters));
  }
  return outcome_;
}

void ApplyTransaction::send(const PreparedTransaction& prepared) {
  note_changes(prepared.changes, false);
  send_pipeline(prepared, {});
}

ApplyOutcome ApplyTransaction::finish() {
  collect();
  return outcome_;
}

void ApplyTransaction::note_changes(std::span<const Change> changes, bool last) {
  last_ = last;
  const auto oldest = std::ranges::min_element(changes, {}, &Change::version);
  if (oldest != changes.end()) lowest_generation_ = oldest->version.generation();
}

/// False if a row is there already, or if one is refused for another reason: nothing was done.
bool ApplyTransaction::run_copy(const CopyRows& copy, std::vector<DeadLetter> letters) {
  require_no_poison(copy.rest);
  Statements before;
  add_prologue(before);
  std::ranges::copy(copy.rest.dead_letters, std::back_inserter(letters));
  Statements after;
  add_after_puts(after, copy.rest);
  add_letters(after, letters);
  add_epilogue(after);
  try {
    pg::Pipeline pipeline{connection_, limits_};
    for (const pg::Statement& statement : before) pipeline.add(statement);
    pipeline.copy(sql_.copy, copy.data.data(), request_.on_sent);
    for (const pg::Statement& statement : after) pipeline.add(statement);
    const auto results = pipeline.commit();
    outcome_.applied = copy.data.rows();
    for (std::size_t i = 0; i < after.size(); ++i)
      count_applied(after[i].sql, results[before.size() + i]);
  } catch (const pg::PgError& error) {
    if (error.kind() != Error::Kind::poison && !is_unsupported(error)) throw;
    return false;
  }
  outcome_.dead_letters = letters.size();
  outcome_.copied = true;
  return true;
}

void ApplyTransaction::require_no_poison(const Rows& rows) const {
  if (!rows.dead_letters.empty() && options_.on_poison == OnPoison::stop)
    throw Error{Error::Kind::poison, rows.dead_letters.front().reason};
}

void ApplyTransaction::send_pipeline(const PreparedTransaction& prepared,
                                     std::vector<DeadLetter> letters) {
  pipeline_.emplace(connection_, limits_);
  const auto send = [&](const auto& add) {
    Statements statements;
    add(statements);
    for (const pg::Statement& statement : statements) {
      pipeline_->add(statement);
      sent_.push_back(statement.sql);
    }
  };
  send([&](Statements& out) { add_prologue(out); });
  const auto send_puts = [&](const RowArrays& puts, const std::string& lowest_version) {
    send([&](Statements& out) { add_puts(out, puts, lowest_version); });
  };
  Rows made;
  if (prepared.rows)
    for (const RowArrays& puts : prepared.rows->puts)
      send_puts(puts, prepared.rows->lowest_version);
  else  // the server works on the first puts while the next are transcoded
    made = make_rows(prepared.changes, request_.table.source->key_schema, send_puts);
  const Rows& rows = prepared.rows ? *prepared.rows : made;
  require_no_poison(rows);
  std::ranges::copy(rows.dead_letters, std::back_inserter(letters));
  send([&](Statements& out) {
    add_after_puts(out, rows);
    add_letters(out, letters);
    add_epilogue(out);
  });
  pipeline_->end();
  outcome_.dead_letters = letters.size();
}

void ApplyTransaction::collect() {
  const auto results = pipeline_->commit();
  for (std::size_t i = 0; i < sent_.size(); ++i) count_applied(sent_[i], results[i]);
}

void ApplyTransaction::run_bisected(std::span<const Change> changes,
                                    std::vector<DeadLetter> letters) {
  pg::Transaction transaction{connection_, limits_};
  Statements begin;
  add_prologue(begin);
  begin.push_back({kConstraintsNow, {}});
  transaction.run(begin);
  bisect(transaction, changes, letters);
  Statements end;
  add_letters(end, letters);
  add_epilogue(end);
  transaction.run(end);
  transaction.commit();
  outcome_.dead_letters = letters.size();
}

void ApplyTransaction::bisect(pg::Transaction& transaction, std::span<const Change> changes,
                              std::vector<DeadLetter>& letters) {
  if (changes.empty()) return;
  const Rows rows = make_rows(changes, request_.table.source->key_schema);
  Statements statements;
  add_rows(statements, rows);
  const auto refusal = try_within_savepoint(transaction, std::move(statements));
  if (!refusal) {
    std::ranges::copy(rows.dead_letters, std::back_inserter(letters));
  } else if (changes.size() == 1) {
    set_aside(transaction, changes.front(), *refusal, letters);
  } else {
    const std::size_t half = changes.size() / 2;
    bisect(transaction, changes.first(half), letters);
    bisect(transaction, changes.subspan(half), letters);
  }
}

void ApplyTransaction::set_aside(pg::Transaction& transaction, const Change& change,
                                 const pg::PgError& refusal, std::vector<DeadLetter>& letters) {
  const Rows rows = make_rows(std::span{&change, 1}, request_.table.source->key_schema);
  if (change.kind == ChangeKind::remove) {
    Statements statements;
    // It may be the placeholder that a constraint of the DBA refuses: no put is in flight behind
    // this lock.
    statements.push_back({sql_.lock_writers, {}});
    statements.push_back({sql_.note_unmet, {}});
    for (const RowArrays& removes : rows.removes)
      add_statement(statements, sql_.remove_held, removes).array(removes.version);
    add_tombstones(statements, rows);
    if (!try_within_savepoint(transaction, std::move(statements))) return;
  }
  letters.push_back(refused(change, refusal));
  if (change.kind != ChangeKind::scanned) return;
  // Where even this is refused, by a constraint that the row broke before it was made, the sweep
  // takes the row and the dead letter tells of it.
  Statements stamps;
  for (const RowArrays& keys : rows.puts)
    add_statement(stamps, sql_.stamp, keys).number(*request_.fence.pass);
  try_within_savepoint(transaction, std::move(stamps));
}

std::optional<pg::PgError> ApplyTransaction::try_within_savepoint(pg::Transaction& transaction,
                                                                  Statements statements) {
  const Attempt attempt = attempt_within_savepoint(transaction, statements);
  for (std::size_t i = 0; i < attempt.results.size(); ++i)
    count_applied(statements[i].sql, attempt.results[i]);
  return attempt.refusal;
}

void ApplyTransaction::add_prologue(Statements& out) const {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const std::int32_t id = request_.table.id;
  const Fence& fence = request_.fence;
  if (fence.deadline) {
    const auto left =
        duration_cast<milliseconds>(*fence.deadline - std::chrono::system_clock::now());
    out.push_back({kSetTimeouts, {}});
    out.back().params.number(std::max(left, milliseconds{1}).count());  // 0 would mean none
  }
  out.push_back(lock_shared(request_.table));
  if (!request_.retried_letters.empty()) {
    out.push_back({sql_.discard_dead_letters, {}});
    out.back().params.text(fmt::format("{{{}}}", fmt::join(request_.retried_letters, ",")));
  }
  if (fence.pass) {
    out.push_back({sql_.require_pass, {}});
    out.back().params.number(id).number(*fence.pass).number(request_.table.mapping);
    return;
  }
  if (fence.epoch) {
    out.push_back({sql_.require_epoch, {}});
    out.back().params.number(id).number(*fence.epoch).number(request_.table.mapping);
  }
  if (!fence.epoch || fence.owner) {
    out.push_back({sql_.require_follower, {}});
    out.back().params.number(id);
    fence.owner ? out.back().params.number(*fence.owner) : out.back().params.null();
    out.back().params.text_or_null(lowest_generation_);
    out.back().params.number(request_.table.mapping);
  }
}

pg::Params& ApplyTransaction::add_statement(Statements& out, const std::string& sql,
                                            const RowArrays& keys) const {
  out.push_back({sql, {}});
  pg::Params& params = out.back().params;
  params.array(keys.k1);
  if (request_.table.source->key_schema.sort) params.array(keys.k2);
  return params;
}

void ApplyTransaction::add_rows(Statements& out, const Rows& rows) const {
  for (const RowArrays& puts : rows.puts) add_puts(out, puts, rows.lowest_version);
  add_after_puts(out, rows);
}

void ApplyTransaction::add_after_puts(Statements& out, const Rows& rows) const {
  add_rechecks(out, rows);
  add_removes(out, rows);
  add_tombstones(out, rows);
  add_stamps(out, rows);
}

void ApplyTransaction::add_puts(Statements& out, const RowArrays& puts,
                                const std::string& lowest_version) const {
  const auto pass = request_.fence.pass;
  pg::Params& params = add_statement(out, pass ? sql_.put_scanned : sql_.put, puts);
  params.array(puts.item).array(puts.types).array(puts.time);
  pass ? params.number(*pass) : params.array(puts.version).text(lowest_version);
}

void ApplyTransaction::add_removes(Statements& out, const Rows& rows) const {
  for (const RowArrays& removes : rows.removes)
    add_statement(out, sql_.remove, removes).array(removes.version).text(rows.lowest_version);
  for (const RowArrays& removes : rows.removes)
    add_statement(out, sql_.remove_held, removes).array(removes.version);
}

void ApplyTransaction::add_rechecks(Statements& out, const Rows& rows) const {
  const auto pass = request_.fence.pass;
  for (const RowArrays& puts : rows.puts) {
    pg::Params& params = add_statement(out, pass ? sql_.recheck_scanned : sql_.recheck, puts);
    pass ? params.number(*pass) : params.array(puts.version).text(rows.lowest_version);
  }
}

void ApplyTransaction::add_tombstones(Statements& out, const Rows& rows) const {
  for (const RowArrays& removes : rows.removes)
    add_statement(out, sql_.tombstone, removes).array(removes.version);
}

void ApplyTransaction::add_stamps(Statements& out, const Rows& rows) const {
  for (const RowArrays& keys : rows.stamps)
    add_statement(out, sql_.stamp, keys).number(*request_.fence.pass);
}

void ApplyTransaction::add_letters(Statements& out, std::span<const DeadLetter> letters) const {
  if (letters.empty()) return;
  for (const DeadLetter& letter : letters) {
    out.push_back({sql_.dead_letter, {}});
    pg::Params& params = out.back().params;
    params.number(request_.table.id).bytes(letter.key).text(letter.version).bytes(letter.record);
    params.text(letter.reason);
    letter.sqlstate.empty() ? params.null() : params.text(letter.sqlstate);
    letter.constraint.empty() ? params.null() : params.text(letter.constraint);
  }
  out.push_back({sql_.require_dead_letters, {}});
  out.back().params.number(request_.table.id).number(options_.dead_letters_max);
}

void ApplyTransaction::add_epilogue(Statements& out) const {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  if (request_.checkpoint && last_) {
    out.push_back({sql_.checkpoint, {}});
    pg::Params& params = out.back().params;
    const Checkpoint& checkpoint = *request_.checkpoint;
    params.number(request_.table.id).text(checkpoint.lane).text(checkpoint.position);
    params.text(checkpoint.finished ? "true" : "false");
    const Batch& batch = request_.batch;
    params.number(static_cast<std::int64_t>(batch.changes.size() + batch.rejected.size()));
    const std::optional<Micros> newest = newest_time(batch);
    params.timestamp(newest ? std::optional<std::int64_t>{newest->time_since_epoch().count()}
                            : std::nullopt);
  }
  if (request_.fence.deadline) {
    const auto deadline = duration_cast<microseconds>(request_.fence.deadline->time_since_epoch()) +
                          connection_.clock_offset();
    out.push_back({sql_.require_before, {}});
    out.back().params.timestamp(deadline.count());
  }
}

// A remove applies if it leaves a tombstone; a put, unless it is taken back.
void ApplyTransaction::count_applied(std::string_view sql, const pg::Result& result) {
  if (sql == sql_.remove)
    outcome_.applied += static_cast<std::uint64_t>(result.number(0, 0));
  else if (sql == sql_.put || sql == sql_.put_scanned || sql == sql_.tombstone)
    outcome_.applied += result.affected();
  else if (sql == sql_.recheck || sql == sql_.recheck_scanned)
    outcome_.applied -= std::min(outcome_.applied, result.affected());
}

}  // namespace dynamite
