#include "pg/connection.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "pg/server_error.hpp"
#include "pg/socket_wait.hpp"

namespace dynamite::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// libpq holds a copy of the COPY data that it is given at a time.
constexpr std::size_t kCopyPiece = std::size_t{256} << 10U;

}  // namespace

void Connection::send(const Statement& statement) {
  const std::string sql{statement.sql};  // libpq wants a terminating zero
  const Params& p = statement.params;
  note_sent(PQsendQueryParams(handle_.get(), sql.c_str(), p.count(), p.types(), p.values(),
                              p.lengths(), p.formats(), 0),
            nullptr);
}

void Connection::send_as_prepared(const Statement& statement) {
  const Params& p = statement.params;
  if (!prepares_ || p.count() == 0) return send(statement);
  auto known = prepared_.find(statement.sql);
  if (known == prepared_.end()) {
    const std::string name = fmt::format("dynamite_{}", ++prepared_count_);
    known = prepared_.try_emplace(std::string{statement.sql}, Prepared{.name = name}).first;
    note_sent(
        PQsendPrepare(handle_.get(), name.c_str(), known->first.c_str(), p.count(), p.types()),
        &known->second);
  }
  note_sent(PQsendQueryPrepared(handle_.get(), known->second.name.c_str(), p.count(), p.values(),
                                p.lengths(), p.formats(), 0),
            nullptr);
}

void Connection::note_sent(int sent, Prepared* prepared) {
  if (sent != 1) give_up(one_line(PQerrorMessage(handle_.get())));
  sent_.push_back(prepared);
}

// Without a BEGIN, the statements up to the Sync are one transaction: the pins hold for it.
std::vector<Result> Connection::run(std::span<const Statement> statements, const Limits& limits) {
  require_usable();
  const bool pinned = pins_.empty() || PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
  if (!pinned) send({pins_, {}});
  for (const Statement& statement : statements) send(statement);
  send_sync();
  std::vector<Result> results = collect(statements.size() + (pinned ? 0 : 1), limits);
  if (!pinned) results.erase(results.begin());
  return results;
}

// The isolation level must be said before the first query.
std::size_t Connection::send_begin() {
  require_usable();
  send({kBegin, {}});
  if (pins_.empty()) return 1;
  send({pins_, {}});
  return 2;
}

Result Connection::run(std::string_view sql, Params params, const Limits& limits) {
  const Statement statement{sql, std::move(params)};
  return std::move(run(std::span{&statement, 1}, limits).front());
}

std::vector<Result> Connection::collect(std::size_t count, const Limits& limits) {
  std::vector<Result> results;
  results.reserve(count);
  std::optional<Result> failure;
  for (bool synced = false; !synced;) {
    wait_for_result(limits);
    Result result{PQgetResult(handle_.get())};
    if (result.get() == nullptr) {
      if (PQstatus(handle_.get()) == CONNECTION_BAD) give_up(PQerrorMessage(handle_.get()));
      continue;  // the end of one statement's results
    }
    synced = result.status() == PGRES_PIPELINE_SYNC;
    Prepared* const prepared = synced ? nullptr : take_sent();
    switch (result.status()) {
      case PGRES_PIPELINE_SYNC:
      case PGRES_PIPELINE_ABORTED:
        break;
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        if (prepared != nullptr)
          prepared->kept = true;
        else
          results.push_back(std::move(result));
        break;
      default:
        if (sqlstate_of(result.get()).empty())
          give_up(one_line(PQresultErrorMessage(result.get())));
        if (is_fatal(result.get())) {
          handle_.reset();  // no Sync is answered any more
          throw_server_error(result.get());
        }
        if (!failure) failure.emplace(std::move(result));
    }
  }
  if (failure) {
    if (sqlstate_of(failure->get()).starts_with(kUnknownStatement))
      for (auto& [sql, prepared] : prepared_) prepared.kept = false;
    forget_unkept();
    throw_server_error(failure->get());
  }
  if (results.size() != count) throw Error{Error::Kind::bug, "a statement gave no result"};
  return results;
}

// The server skips what stands behind a failure, so that it did not keep the statements there. What
// was sent behind the Sync fails too, or prepares nothing new.
void Connection::forget_unkept() {
  if (sent_.empty())
    std::erase_if(prepared_, [](const auto& statement) { return !statement.second.kept; });
}

Connection::Prepared* Connection::take_sent() {
  if (sent_.empty()) throw Error{Error::Kind::bug, "a result came that nothing was sent for"};
  Prepared* const prepared = sent_.front();
  sent_.pop_front();
  return prepared;
}

void Connection::wait_for_result(const Limits& limits) {
  pump(limits, [this](int) { return PQisBusy(handle_.get()) == 0; });
}

void Connection::wait_until_sent(const Limits& limits) {
  pump(limits, [](int unsent) { return unsent == 0; });
}

// One pump for both directions: with large parameters a blocking sender and a server that waits to
// be read would wait for each other for ever.
template <class Done>
void Connection::pump(const Limits& limits, Done done) {
  PGconn* handle = handle_.get();
  std::optional<steady_clock::time_point> cancel_at;
  bool cancelled = false;
  for (;;) {
    const int unsent = PQflush(handle);
    if (unsent < 0) give_up(one_line(PQerrorMessage(handle)));
    if (done(unsent)) return;
    const auto now = steady_clock::now();
    const bool stopped = limits.stop.stop_requested() || stop_.stop_requested();
    if (stopped && !cancel_at) cancel_at = now + Limits::kStopGrace;
    if (cancel_at && now > *cancel_at && !std::exchange(cancelled, true)) cancel();
    if (cancel_at && now > *cancel_at + Limits::kCancelGrace)
      give_up("the statement did not end when it was stopped");
    if (now > std::min(limits.deadline, deadline_)) give_up("no answer in time");
    const auto events = static_cast<short>(POLLIN | (unsent == 1 ? POLLOUT : 0));
    const short ready = wait_for_socket(PQsocket(handle), events, kStopCheck);
    if ((ready & (POLLIN | POLLERR | POLLHUP)) != 0 && PQconsumeInput(handle) != 1)
      give_up(one_line(PQerrorMessage(handle)));
  }
}

// A statement that waits for a lock would go on waiting after we are gone, and keep the locks that
// it has. libpq's call to cancel a statement waits for the network: a thread of its own makes the
// call, and nobody waits for this thread.
void Connection::cancel() noexcept {
  const std::shared_ptr<PGcancel> cancellation{PQgetCancel(handle_.get()), PQfreeCancel};
  try {
    std::thread{[cancellation] {
      std::array<char, 256> ignored{};
      PQcancel(cancellation.get(), ignored.data(), static_cast<int>(ignored.size()));
    }}.detach();
  } catch (const std::system_error&) {
    return;  // the connection is given up a moment later
  }
}

void Connection::require_usable() const {
  if (!usable()) throw Error{Error::Kind::transient, "the connection to PostgreSQL is lost"};
}

void Connection::send_sync() {
  if (PQpipelineSync(handle_.get()) != 1) give_up(one_line(PQerrorMessage(handle_.get())));
}

void Connection::skip_results(std::size_t count, bool synced) noexcept {
  if (!usable()) return;
  try {
    if (!synced) send_sync();
    collect(count, {.deadline = steady_clock::now() + Limits::kStopGrace, .stop = {}});
  } catch (const pg::PgError&) {
    return;  // of a statement: the server has skipped those behind it
  } catch (const std::exception&) {
    handle_.reset();
  }
}

// libpq knows no COPY in pipeline mode.
void Connection::begin_copy(std::string_view sql, std::string_view data, const Limits& limits) {
  PGconn* const handle = handle_.get();
  const std::string text{sql};
  if (PQexitPipelineMode(handle) != 1 || PQsendQuery(handle, text.c_str()) != 1)
    give_up(one_line(PQerrorMessage(handle)));
  wait_for_result(limits);
  Result ready{PQgetResult(handle)};
  if (ready.status() != PGRES_COPY_IN) {
    copied_ = std::move(ready);
    return;
  }
  for (; !data.empty(); data.remove_prefix(std::min(kCopyPiece, data.size()))) {
    const auto size = static_cast<int>(std::min(kCopyPiece, data.size()));
    if (PQputCopyData(handle, data.data(), size) != 1) give_up(one_line(PQerrorMessage(handle)));
    wait_until_sent(limits);
  }
  if (PQputCopyEnd(handle, nullptr) != 1) give_up(one_line(PQerrorMessage(handle)));
}

void Connection::end_copy(const Limits& limits) {
  std::optional<Result> copied = std::exchange(copied_, std::nullopt);
  for (bool ended = false; !ended;) {
    wait_for_result(limits);
    Result result{PQgetResult(handle_.get())};
    ended = result.get() == nullptr;
    if (!ended && !copied) copied = std::move(result);
  }
  if (!copied || PQenterPipelineMode(handle_.get()) != 1)
    give_up(one_line(PQerrorMessage(handle_.get())));
  if (copied->status() == PGRES_COMMAND_OK) return;
  if (sqlstate_of(copied->get()).empty()) give_up(one_line(PQresultErrorMessage(copied->get())));
  throw_server_error(copied->get());
}

void Connection::roll_back() noexcept {
  if (!usable() || PQtransactionStatus(handle_.get()) == PQTRANS_IDLE) return;
  try {
    run("ROLLBACK", {}, {.deadline = steady_clock::now() + Limits::kStopGrace, .stop = {}});
  } catch (const std::exception&) {
    handle_.reset();  // the server rolls back when it sees the socket closed
  }
}

bool Connection::usable() const noexcept {
  return handle_ && PQstatus(handle_.get()) == CONNECTION_OK;
}

bool Connection::closed_by_peer() noexcept {
  if (!usable()) return true;
  // A server that ends sends its reason first, and only then closes.
  while (wait_for_socket(PQsocket(handle_.get()), POLLIN, milliseconds{0}) != 0)
    if (PQconsumeInput(handle_.get()) != 1) return true;
  return !usable();
}

void Connection::give_up(const std::string& why) {
  if (handle_) PQisBusy(handle_.get());  // reads what the server has said last
  handle_.reset();
  throw Error{Error::Kind::transient, "the connection to PostgreSQL is lost: " +
                                          (farewell_->empty() ? one_line(why) : *farewell_)};
}

Transaction::Transaction(Connection& connection, Limits limits)
    : connection_{connection}, limits_{std::move(limits)} {
  const std::size_t sent = connection_.send_begin();
  connection_.send_sync();
  connection_.collect(sent, limits_);
}

Transaction::~Transaction() {
  if (open_) connection_.roll_back();
}

Result Transaction::run(std::string_view sql, Params params) {
  return connection_.run(sql, std::move(params), limits_);
}

std::vector<Result> Transaction::run(std::span<const Statement> statements) {
  return connection_.run(statements, limits_);
}

void Transaction::commit() {
  const Result result = connection_.run(kCommit, {}, limits_);
  open_ = false;
  if (result.tag() != kCommit)
    throw Error{Error::Kind::transient, "PostgreSQL rolled the transaction back at its COMMIT"};
}

}  // namespace dynamite::pg
