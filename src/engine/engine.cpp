#include "engine/engine.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <thread>

#include "core/sleep.hpp"
#include "core/visible.hpp"
#include "engine/promotion_task.hpp"
#include "engine/table_task.hpp"
#include "pg/pg_error.hpp"
#include "pg/session.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/follower.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kTick = 100ms;
// With the time that running statements take to end, a stop takes at most 5 s.
constexpr auto kGiveBackMax = 2'500ms;
constexpr auto kGiveBackPause = 200ms;
constexpr auto kControlCheck = 1s;  // between looks at the control connection and at standby tables
constexpr auto kDiscoverySpacing = 500ms;         // AWS allows ten DescribeStream a second
constexpr std::uint32_t kReadersAConnection = 2;  // threads: a read mostly waits for the network
constexpr auto kStalled = 60s;  // a shard without progress for so long is a problem
constexpr std::uint64_t kSegmentBytes = 16U << 20U;  // some pages of 1 MB
constexpr std::uint32_t kSegmentsAReader = 2;  // so that few idle while the last segment is read
constexpr double kPageReadUnits = 256;         // a full page costs, read strongly consistent
constexpr double kProvisionedShare = 0.25;     // of a table's read units that a pass takes unasked

std::string hint_field(const Error& error) {
  return error.hint().empty() ? "" : " hint=" + in_quotes(error.hint());
}

/// A state at its beginning, with the limits of `former`.
std::shared_ptr<TableState> fresh_state(const TableState& former, Replica replica) {
  return std::make_shared<TableState>(std::move(replica), former.items_total, former.segments,
                                      former.pass.read_rate.units_per_second());
}

/// Stops the workers when the scope ends, also when an exception ends it.
class StopAtEnd {
 public:
  explicit StopAtEnd(std::stop_source& workers) : workers_{workers} {}
  StopAtEnd(const StopAtEnd&) = delete;
  StopAtEnd& operator=(const StopAtEnd&) = delete;
  ~StopAtEnd() { workers_.request_stop(); }

 private:
  std::stop_source& workers_;
};

}  // namespace

std::optional<double> read_units_of(std::optional<double> configured,
                                    const TableDescription& table) {
  if (configured || !table.provisioned_read_units) return configured;
  return std::max(1.0, kProvisionedShare * static_cast<double>(*table.provisioned_read_units));
}

std::uint32_t segments_of(std::optional<std::uint32_t> configured, std::uint32_t connections,
                          std::optional<double> read_units, const TableDescription& table) {
  if (configured) return *configured;
  const std::uint64_t by_size = 1 + table.size_bytes / kSegmentBytes;
  const std::uint64_t by_readers =
      std::uint64_t{kReadersAConnection} * kSegmentsAReader * connections;
  const std::uint64_t by_rate =
      read_units ? static_cast<std::uint64_t>(std::max(1.0, *read_units / kPageReadUnits))
                 : by_readers;
  return static_cast<std::uint32_t>(std::min({by_size, by_readers, by_rate}));
}

Engine::Engine(EngineOptions options, DynamoDb& dynamodb)
    : options_{std::move(options)},
      dynamodb_{dynamodb},
      in_flight_{options_.bytes_in_flight_max},
      applying_{*options_.clock, options_.seed},
      reading_{*options_.clock, options_.seed + 1} {}

void Engine::add(Replica replica, const TableDescription& description) {
  const auto read_units = read_units_of(options_.read_units, description);
  auto state = std::make_shared<TableState>(
      std::move(replica), description.item_count,
      segments_of(options_.segments, options_.connections, read_units, description), read_units);
  tables_.push_back({.state = std::move(state)});
}

milliseconds Engine::discovery_interval() const {
  return std::max<milliseconds>(options_.discovery_interval,
                                kDiscoverySpacing * std::ssize(tables_));
}

std::vector<std::shared_ptr<const TableState>> Engine::tables() const {
  std::vector<std::shared_ptr<const TableState>> states;
  for (const Followed& table : tables_) states.push_back(table.state);
  return states;
}

void Engine::run(std::stop_token stop, const std::function<void()>& tick) {
  stop_ = stop;
  try {
    run_workers(stop, tick);
  } catch (...) {
    shut_down();  // else Lambda would wait for a daemon that is gone
    throw;
  }
  shut_down();
  tick();
}

/// Looks after the tables while threads work on them. All threads have ended when it returns.
void Engine::run_workers(const std::stop_token& stop, const std::function<void()>& tick) {
  std::stop_source stop_workers;
  std::stop_callback forward{stop, [&] { stop_workers.request_stop(); }};
  std::vector<std::jthread> threads;
  const StopAtEnd stop_at_end{stop_workers};  // before the threads are joined
  const auto run_threads = [&](std::uint32_t count, Scheduler& scheduler) {
    for (std::uint32_t i = 0; i < count; ++i)
      threads.emplace_back([&] {
        Worker worker{options_.connect, options_.apply, stop_workers.get_token()};
        scheduler.run(worker);
      });
  };
  run_threads(options_.connections, applying_);
  run_threads(options_.connections * kReadersAConnection, reading_);
  while (!stop.stop_requested() && !all_done()) {
    look_after();
    tick();
    sleep_for(kTick, stop);
  }
}

bool Engine::step_due(Worker& worker) {
  return applying_.step_due(worker) || reading_.step_due(worker);
}

std::optional<TimePoint> Engine::next_due() const {
  const auto applying = applying_.next_due();
  const auto reading = reading_.next_due();
  if (!applying || !reading) return applying ? applying : reading;
  return std::min(*applying, *reading);
}

void Engine::look_after() {
  keep_alive();
  for (Followed& table : tables_) handle_end(table);
}

// The session locks say that this daemon is alive. They end with the control connection. A daemon
// that takes a table then raises the table's owner, which fences us.
void Engine::keep_alive() {
  if (options_.clock->now() - control_checked_ < kControlCheck) return;
  control_checked_ = options_.clock->now();
  try {
    if (follows(options_.run)) {
      const bool fresh = !control_ || !control_->usable();
      pg::Connection& connection = control(stop_);
      if (is_read_only(connection)) {
        control_.reset();  // its server was the writer once
        throw Error{Error::Kind::transient, "the server takes no writes",
                    std::string{pg::kReadOnlyReasons}};
      }
      if (fresh) {
        require_direct_connection(connection);
        watch_client(connection);
        hold_tables();
      }
    }
    for (Followed& table : tables_)
      if (!table.started) claim(table);
    if (follows(options_.run)) notice_changed_mappings();
    note_problems();
    waiting_.reset();
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) throw;
    say_waiting(error);
  }
}

void Engine::say_waiting(const Error& error) {
  if (stop_.stop_requested() || !waiting_.due(error.what(), options_.clock->now())) return;
  spdlog::warn("waiting for PostgreSQL reason={}{}", in_quotes(error.what()), hint_field(error));
}

// A new control connection holds none of the locks that the last one held. In between, another
// daemon may have taken a table, or somebody may have released it.
void Engine::hold_tables() {
  for (Followed& table : tables_) {
    if (!table.started || table.state->ended()) continue;
    const Replica& replica = table.state->replica;
    try {
      if (!try_hold_alive(*control_, replica))
        throw Error{Error::Kind::fenced, "another daemon has taken the table"};
      require_owner(*control_, replica, table.state->owner);
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::fenced) throw;
      table.state->fail(error);
    }
  }
}

// The fence of the next transaction would say it too, but a quiet table has none.
void Engine::notice_changed_mappings() {
  if (tables_.empty()) return;
  const std::string& state_schema = tables_.front().state->replica.state_schema;
  const auto numbers = Catalogue{*control_, state_schema}.mapping_numbers();
  for (Followed& table : tables_) {
    if (!table.started || table.state->ended()) continue;
    const Replica& replica = table.state->replica;
    const auto now = numbers.find(replica.id);
    if (now != numbers.end() && now->second != replica.mapping)
      table.state->fail({Error::Kind::fenced, "its mapping has changed"});
  }
}

void Engine::note_problems() {
  const auto stalled_since = options_.clock->now() - std::max<std::chrono::milliseconds>(
                                                         kStalled, 3 * options_.idle_poll_max);
  for (Followed& table : tables_) {
    if (!table.started || table.state->ended()) continue;
    std::string problem = table.state->problem(stalled_since);
    if (problem == table.problem) continue;
    if (problem.empty())
      spdlog::info("problem is over table={}", log_value(table.state->replica.name()));
    else
      spdlog::error("problem table={} reason={}", log_value(table.state->replica.name()),
                    in_quotes(problem));
    note_problem_of(table, problem);
    table.problem = std::move(problem);
  }
}

/// Fails the table if another daemon owns it by now.
void Engine::note_problem_of(Followed& table, const std::string& problem) {
  const std::optional<std::int64_t> owner =
      follows(options_.run) ? std::optional{table.state->owner.load()} : std::nullopt;
  try {
    note_problem(control(stop_), table.state->replica, owner,
                 problem.empty() ? std::nullopt : std::optional{problem});
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::fenced) throw;
    table.state->fail(error);
  }
}

pg::Connection& Engine::control(std::stop_token stop) {
  if (!control_ || !control_->usable()) {
    control_.reset();
    control_.emplace(pg::Connection::open(options_.connect, stop));
  }
  return *control_;
}

void Engine::claim(Followed& table) {
  if (follows(options_.run)) {
    if (!try_hold_alive(control(stop_), table.state->replica)) {
      if (!std::exchange(table.waiting_said, true))
        spdlog::info("standing by table={} reason=\"another daemon follows it\"",
                     log_value(table.state->replica.name()));
      return;
    }
    renew(table);
    const Replica& replica = table.state->replica;
    table.state->owner = take_over(control(stop_), replica, stop_);
    spdlog::info("following begins table={} owner={}", log_value(replica.name()),
                 table.state->owner.load());
  } else if (followed_by_lambda(control(stop_), table.state->replica)) {
    note_problem(control(stop_), table.state->replica, std::nullopt,
                 std::nullopt);  // the problem of an earlier snapshot is over
  }
  start(table);
}

/// Makes the state anew if the mapping has changed since the replica was loaded.
void Engine::renew(Followed& table) {
  const Replica& known = table.state->replica;
  Catalogue catalogue{control(stop_), known};
  catalogue.require_usable();  // a newer program may have upgraded it
  std::optional<Replica> now = catalogue.find(known.source->arn);
  if (now && now->mapping != known.mapping)
    table.state = fresh_state(*table.state, std::move(*now));
}

void Engine::start(Followed& table) {
  table.started = true;
  const TaskContext context{.dynamodb = dynamodb_,
                            .lanes = {.reading = reading_,
                                      .applying = applying_,
                                      .in_flight = in_flight_,
                                      .clock = *options_.clock},
                            .options = options_,
                            .discovery_interval = discovery_interval()};
  applying_.add(std::make_shared<TableTask>(table.state, context));
  if (!ends_by_itself(options_.run) && PromotionTask::is_needed(table.state->replica))
    applying_.add(std::make_shared<PromotionTask>(table.state, context));
}

/// Makes the state of a fenced table anew. A follower stands by: another daemon has the table, or
/// the mapping has changed. A snapshot goes on if the mapping has changed, and else is over: false.
bool Engine::begin_anew(Followed& table) {
  const auto fenced = table.state;
  if (follows(options_.run))
    table.state = fresh_state(*fenced, fenced->replica);
  else
    renew(table);
  return table.state != fenced;
}

/// Whether the table's state is to be made anew. Not every statement checks the mapping first: a
/// sweep may name a column that is gone by now, and fails with Error{usage}.
bool Engine::is_fenced(const Followed& table, const Error& failure) {
  if (failure.kind() != Error::Kind::usage) return failure.kind() == Error::Kind::fenced;
  const Replica& replica = table.state->replica;
  const auto numbers = Catalogue{control(stop_), replica.state_schema}.mapping_numbers();
  const auto now = numbers.find(replica.id);
  return now != numbers.end() && now->second != replica.mapping;
}

void Engine::handle_end(Followed& table) {
  if (!table.state->ended() || table.handled) return;
  const auto failure = table.state->failure();
  try {
    if (failure && is_fenced(table, *failure) && begin_anew(table)) {
      spdlog::warn("fenced table={} reason={}", log_value(table.state->replica.name()),
                   in_quotes(failure->what()));
      table.started = false;
      table.waiting_said = false;
      table.problem.clear();
      return;
    }
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) throw;
    return;  // again at the next tick
  }
  table.handled = true;
  if (!failure) return;
  spdlog::error("stopped table={} reason={}{}", log_value(table.state->replica.name()),
                in_quotes(failure->what()), hint_field(*failure));
  try {
    note_problem_of(table, failure->what());
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) throw;
    table.handled = false;  // again at the next tick
  }
}

bool Engine::all_done() const {
  return std::ranges::all_of(tables_, [](const Followed& table) { return table.handled; });
}

void Engine::shut_down() {
  if (!follows(options_.run)) return;
  const auto deadline = steady_clock::now() + kGiveBackMax;
  for (Followed& table : tables_)
    if (table.state->owner != 0) give_back_by(deadline, table);
}

// The control connection may be lost: a new one is opened then.
void Engine::give_back_by(steady_clock::time_point deadline, Followed& table) {
  for (;;) {
    try {
      if (!control_ || !control_->usable()) {
        pg::ConnectOptions connect = options_.connect;
        connect.timeout = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
        control_.reset();
        control_.emplace(pg::Connection::open(connect));
      }
      control_->ignore_stop();
      control_->limit_to(deadline);
      give_back(*control_, table.state->replica, table.state->owner, {});
      return;
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::transient || steady_clock::now() > deadline) {
        spdlog::warn(
            "could not give the table back table={} reason={} hint=\"run `dynamite release`\"",
            log_value(table.state->replica.name()), in_quotes(error.what()));
        return;
      }
    }
    sleep_for(kGiveBackPause, {});
  }
}

}  // namespace dynamite
