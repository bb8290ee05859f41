#include "ingest/batch_applier.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/error.hpp"
#include "pg/pg_error.hpp"
#include "replica/apply/epoch_repeat.hpp"
#include "replica/apply/late_records.hpp"
#include "replica/state/pass.hpp"

namespace dynamite {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace {

constexpr auto kPrepareTime = std::chrono::seconds{5};  // Lambda allows 10 s for all of the start
constexpr auto kPatience = std::chrono::minutes{10};    // for one batch that is ahead

/// The replica, or the whole state schema, may have been made anew since the catalogue was read.
bool is_of_old_catalogue(const pg::PgError& error) {
  const std::string& state = error.sqlstate();
  return state.starts_with("42") || state.starts_with("0A") || state.starts_with("3F") ||
         state == pg::kFencedFollower || state == pg::kMappingChanged;
}

/// Adds the time of its life to a sum.
class StopWatch {
 public:
  explicit StopWatch(std::chrono::microseconds& sum) : sum_{sum} {}
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;
  ~StopWatch() { sum_ += duration_cast<std::chrono::microseconds>(steady_clock::now() - begin_); }

 private:
  std::chrono::microseconds& sum_;
  steady_clock::time_point begin_ = steady_clock::now();
};

/// A call for one batch that is ahead.
IngestCall patient_call(const std::stop_token& stop) {
  if (stop.stop_requested())
    throw Error{Error::Kind::transient, "stopped before all was applied",
                "apply the same again: what is applied is not changed by that"};
  return {.deadline = system_clock::now() + kPatience, .stop = stop};
}

}  // namespace

milliseconds IngestCall::left() const {
  return duration_cast<milliseconds>(deadline - system_clock::now());
}

void IngestCall::require_time() const {
  if (left() <= milliseconds{0})
    throw Error{Error::Kind::transient,
                fmt::format("the event's deadline passed {} ms ago", -left().count())};
}

BatchApplier::BatchApplier(IngestOptions options)
    : options_{std::move(options)},
      known_{options_.state_schema, options_.create_replica, options_.hash_key},
      kept_{options_.connect, options_.apply,
            options_.host == Host::lambda ? SessionUse::leaves_nothing : SessionUse::keeps_settings,
            options_.idle_trust} {}

void BatchApplier::prepare(std::stop_token stop) {
  IngestCall call{.deadline = system_clock::now() + kPrepareTime, .stop = std::move(stop)};
  connect(call);
}

void BatchApplier::connect(IngestCall& call) {
  if (kept_.ensure(call.left(), call.stop)) ++call.connects;
  limit_connection(call);
  known_.load_once(kept_.connection());
}

void BatchApplier::limit_connection(const IngestCall& call) {
  kept_.connection().limit_to(steady_clock::now() + call.left() + kServerGrace);
}

// A kept connection that is lost now was dead before, without a sign: a firewall forgot it, say. If
// it still committed the batch, a repeat changes nothing of that.
template <class Use>
auto BatchApplier::on_connection(IngestCall& call, Use use) -> decltype(use()) {
  const StopWatch watch{call.in_postgres};
  connect(call);
  try {
    return use();
  } catch (const Error& error) {
    if (pg::is_of_former_writer(error)) kept_.drop();
    const bool lost = error.kind() == Error::Kind::transient && !kept_.usable();
    const bool ended = call.stop.stop_requested() || call.left() <= milliseconds{0};
    if (!lost || ended || call.reconnected) throw;
  }
  call.reconnected = true;
  connect(call);
  return use();
}

const Replica& BatchApplier::replica_of(const std::string& table_arn, IngestCall& call) {
  if (const Replica* const replica = known_.find(table_arn)) return *replica;
  return on_connection(call, [&]() -> const Replica& {
    return known_.find_or_create(table_arn, kept_.connection(), call.stop);
  });
}

ApplyOutcome BatchApplier::apply(const Batch& batch, IngestCall& call) {
  replica_of(batch.table->arn, call);
  const auto once = [&] { return apply_once(batch, call); };
  try {
    return on_connection(call, once);
  } catch (const pg::PgError& error) {
    if (!is_of_old_catalogue(error)) throw;
  }
  known_.forget();
  return on_connection(call, once);
}

ApplyOutcome BatchApplier::apply_once(const Batch& batch, const IngestCall& call) {
  const Replica* const replica = known_.find_unchanged(*batch.table);
  if (replica == nullptr)
    throw Error{Error::Kind::transient,
                fmt::format("the replica of {} was changed meanwhile", batch.table->arn)};
  if (is_read_back(batch, *replica)) return apply_read_back(batch, *replica, call);
  return kept_.applier().apply(
      {.table = *replica, .batch = batch, .fence = {.deadline = deadline_of_commit(call)}},
      {.stop = call.stop});
}

ApplyOutcome BatchApplier::apply_read_back(const Batch& batch, const Replica& replica,
                                           const IngestCall& call) {
  return repeat_while_epoch_passes([&] {
    const std::int32_t epoch = Passes{kept_.connection(), replica}.epoch();
    const Batch now = read_back(batch, replica, call);
    return kept_.applier().apply(
        {.table = replica,
         .batch = now,
         .fence = {.writer = ByReadBack{epoch}, .deadline = deadline_of_commit(call)}},
        {.stop = call.stop});
  });
}

bool BatchApplier::is_read_back(const Batch& batch, const Replica& replica) const {
  return options_.read_back &&
         (options_.read_back_of == ReadBackOf::every_record || must_be_read_back(batch, replica));
}

Batch BatchApplier::read_back(const Batch& batch, const Replica& replica,
                              const IngestCall& call) const {
  try {
    return options_.read_back(batch, call.stop);
  } catch (const Error& error) {
    const bool would_be_applied = options_.read_back_of != ReadBackOf::every_record &&
                                  !lacks_images(batch) && has_late_records(batch, replica);
    if (would_be_applied) throw error_of_late_records(error);
    throw;
  }
}

std::optional<system_clock::time_point> BatchApplier::deadline_of_commit(
    const IngestCall& call) const {
  return options_.host == Host::lambda ? std::optional{call.deadline} : std::nullopt;
}

ApplyOutcome BatchApplier::apply_ahead(AheadBatch batch, const std::stop_token& stop) {
  IngestCall call = patient_call(stop);
  const bool sent = send(ahead_.emplace_back(std::move(batch)), std::move(call));
  ApplyOutcome sum;
  while (ahead_.size() >= (sent ? kAheadMax : 1)) sum += finish_oldest(stop);
  return sum;
}

/// False: the batch needs apply().
bool BatchApplier::send(const AheadBatch& ahead, IngestCall call) {
  if (!ahead.prepared) return false;
  try {
    if (kept_.sent() == 0) connect(call);
    const Replica* const replica = known_.find_unchanged(*ahead.batch.table);
    if (replica == nullptr || is_read_back(ahead.batch, *replica)) return false;
    limit_connection(call);
    return kept_.applier().send({.table = *replica,
                                 .batch = ahead.batch,
                                 .prepared = &*ahead.prepared,
                                 .fence = {.deadline = deadline_of_commit(call)}},
                                {.stop = call.stop});
  } catch (const Error&) {
    return false;  // apply() meets it again
  }
}

ApplyOutcome BatchApplier::finish_oldest(const std::stop_token& stop) {
  if (const auto outcome = finish_sent()) {
    ahead_.pop_front();
    return *outcome;
  }
  ApplyOutcome sum;
  for (const AheadBatch& ahead : std::exchange(ahead_, {})) {
    IngestCall call = patient_call(stop);
    sum += apply(ahead.batch, call);
  }
  return sum;
}

/// Absent: it failed, or no batch was sent. Then nothing is under way any more, and every batch
/// that is ahead needs apply().
std::optional<ApplyOutcome> BatchApplier::finish_sent() {
  if (kept_.sent() == 0) return std::nullopt;
  try {
    const ApplyOutcome outcome = kept_.applier().finish_sent();
    kept_.note_use();
    return outcome;
  } catch (const Error&) {
    return std::nullopt;  // apply() meets it again
  }
}

}  // namespace dynamite
