#include "ingest/ingest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/arn.hpp"
#include "core/error.hpp"
#include "decode/lambda_event.hpp"
#include "pg/pg_error.hpp"
#include "replica/apply/epoch_repeat.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/pass.hpp"

namespace dynamite {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

struct Ingest::Call {
  system_clock::time_point deadline;
  std::stop_token stop;
  bool reconnected = false;  // after a loss; once is enough
  std::size_t connects = 0;
  std::chrono::microseconds in_postgres{};

  milliseconds left() const { return duration_cast<milliseconds>(deadline - system_clock::now()); }

  void require_time() const {
    if (left() <= milliseconds{0})
      throw Error{Error::Kind::transient,
                  fmt::format("the event's deadline passed {} ms ago", -left().count())};
  }
};

namespace {

constexpr auto kPrepareTime = std::chrono::seconds{5};  // Lambda allows 10 s for all of the start
constexpr int kCreateAttemptsMax = 3;  // others create state schema, schema and table beside us

/// The replica may have been made anew since the catalogue was read.
bool is_of_old_catalogue(const pg::PgError& error) {
  return error.sqlstate().starts_with("42") || error.sqlstate().starts_with("0A") ||
         error.sqlstate() == pg::kFencedFollower || error.sqlstate() == pg::kMappingChanged;
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

void refuse_other_arn(const std::string& table_arn,
                      const std::map<std::string, Replica>& replicas) {
  const std::string name = table_name_of(table_arn);
  const auto namesake = std::ranges::find_if(
      replicas, [&](const auto& replica) { return table_name_of(replica.first) == name; });
  if (namesake == replicas.end()) return;
  throw Error{Error::Kind::usage,
              fmt::format("a record of {} came, but the replica {} belongs to {}", table_arn,
                          namesake->second.qualified_names(), namesake->first),
              "check the function's event source mappings, or replicate `into` another table"};
}

}  // namespace

Ingest::Ingest(IngestOptions options)
    : options_{std::move(options)},
      kept_{options_.connect, options_.apply,
            options_.host == Host::lambda ? SessionUse::leaves_nothing : SessionUse::keeps_settings,
            options_.idle_trust} {}

void Ingest::prepare(std::stop_token stop) {
  Call call{.deadline = system_clock::now() + kPrepareTime, .stop = std::move(stop)};
  connect(call);
}

void Ingest::connect(Call& call) {
  if (kept_.ensure(call.left(), call.stop)) ++call.connects;
  kept_.connection().limit_to(steady_clock::now() + call.left() + kServerGrace);
  if (!catalogue_loaded_) load_catalogue();
}

void Ingest::load_catalogue() {
  Catalogue catalogue{kept_.connection(), options_.state_schema};
  if (!catalogue.version() && options_.create_replica) return;  // made with the first replica
  catalogue.require_usable();
  replicas_.clear();
  tables_.clear();
  for (Replica& replica : catalogue.load()) {
    std::string arn = replica.source->arn;
    tables_.emplace(arn, replica.source);
    replicas_.emplace(std::move(arn), std::move(replica));
  }
  catalogue_loaded_ = true;
}

// A kept connection that is lost now was dead before, without a sign: a firewall forgot it, say. If
// it still committed the batch, a repeat changes nothing of that.
template <class Use>
auto Ingest::on_connection(Call& call, Use use) -> decltype(use()) {
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

const Replica* Ingest::find_replica(const std::string& table_arn) const {
  const auto found = replicas_.find(table_arn);
  return found == replicas_.end() ? nullptr : &found->second;
}

const Replica* Ingest::find_unchanged_replica(const SourceTable& source) const {
  const Replica* const replica = find_replica(source.arn);
  return replica != nullptr && replica->source->key_schema == source.key_schema ? replica : nullptr;
}

bool Ingest::is_read_back(const Batch& batch) const {
  return options_.read_back &&
         (options_.read_back_of == ReadBackOf::every_record || lacks_images(batch));
}

const Replica& Ingest::replica_of(const std::string& arn, const Call& call) {
  if (find_replica(arn) == nullptr) load_catalogue();
  if (find_replica(arn) == nullptr && options_.create_replica) create_replica(arn, call);
  if (const Replica* replica = find_replica(arn)) return *replica;
  refuse_other_arn(arn, replicas_);
  throw Error{Error::Kind::usage, fmt::format("no replica belongs to {}", arn),
              "run `dynamite bootstrap`"};
}

// Several functions meet a new table at the same time. PostgreSQL refuses the second one, which
// then finds the replica that the first one made.
void Ingest::create_replica(const std::string& table_arn, const Call& call) {
  for (int attempt = 1; attempt <= kCreateAttemptsMax && !find_replica(table_arn); ++attempt) {
    try {
      options_.create_replica(kept_.connection(), table_arn, call.stop);
    } catch (const Error& error) {
      if (attempt == kCreateAttemptsMax || error.kind() != Error::Kind::transient ||
          !kept_.connection().usable())
        throw;
    }
    load_catalogue();
  }
}

IngestOutcome Ingest::handle(std::string event, system_clock::time_point deadline,
                             std::stop_token stop) {
  Call call{.deadline = deadline, .stop = std::move(stop)};
  call.require_time();
  const auto text = std::make_shared<const std::string>(std::move(event));
  const LambdaEvent decoded = decode_with(
      tables_, [&](const KnownTables& tables) { return decode_lambda_event(text, tables); },
      [&](const std::string& table_arn) { find_table(table_arn, call); });
  return apply_all(decoded.batches, call);
}

std::shared_ptr<const SourceTable> Ingest::find_table(const std::string& table_arn,
                                                      system_clock::time_point deadline,
                                                      std::stop_token stop) {
  Call call{.deadline = deadline, .stop = std::move(stop)};
  return find_table(table_arn, call);
}

std::shared_ptr<const SourceTable> Ingest::find_table(const std::string& table_arn, Call& call) {
  auto source = on_connection(call, [&] { return replica_of(table_arn, call).source; });
  tables_.insert_or_assign(table_arn, source);
  return source;
}

IngestOutcome Ingest::apply(const Batch& batch, system_clock::time_point deadline,
                            std::stop_token stop) {
  Call call{.deadline = deadline, .stop = std::move(stop)};
  call.require_time();
  const std::string& arn = batch.table->arn;
  if (find_replica(arn) == nullptr) on_connection(call, [&] { return &replica_of(arn, call); });
  return apply_all({&batch, 1}, call);
}

bool Ingest::send(const Batch& batch, const PreparedBatch& prepared,
                  system_clock::time_point deadline, std::stop_token stop) {
  Call call{.deadline = deadline, .stop = std::move(stop)};
  try {
    if (kept_.sent() == 0) connect(call);
    const Replica* const replica = find_unchanged_replica(*batch.table);
    if (replica == nullptr || is_read_back(batch)) return false;
    kept_.connection().limit_to(steady_clock::now() + call.left() + kServerGrace);
    return kept_.applier().send({.table = *replica,
                                 .batch = batch,
                                 .prepared = &prepared,
                                 .fence = {.deadline = deadline_of_commit(call)}},
                                {.stop = call.stop});
  } catch (const Error&) {
    return false;  // apply() meets it again
  }
}

std::optional<IngestOutcome> Ingest::finish_sent() {
  if (kept_.sent() == 0) return std::nullopt;
  try {
    IngestOutcome outcome;
    outcome += kept_.applier().finish_sent();
    kept_.note_use();
    return outcome;
  } catch (const Error&) {
    return std::nullopt;  // apply() meets it again
  }
}

IngestOutcome Ingest::apply_all(std::span<const Batch> batches, Call& call) {
  // An event of Lambda is of one stream. Records of several streams have no common order, so that
  // no first failure could be reported.
  const bool reports = options_.report_batch_item_failures && batches.size() == 1;
  IngestOutcome outcome;
  for (const Batch& batch : batches) {
    outcome.newest = std::max(outcome.newest, newest_time(batch));
    outcome += reports ? apply_or_report(batch, call, outcome) : apply(batch, call);
  }
  outcome.connects = call.connects;
  outcome.in_postgres = call.in_postgres;
  return outcome;
}

ApplyOutcome Ingest::apply_or_report(const Batch& batch, Call& call, IngestOutcome& outcome) {
  try {
    return apply(batch, call);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
  }
  PrefixOutcome prefix = apply_prefix(batch, [&](const Batch& part) { return apply(part, call); });
  outcome.first_failure = std::move(prefix.first_failure);
  return prefix.applied;
}

ApplyOutcome Ingest::apply(const Batch& batch, Call& call) {
  const auto once = [&] { return apply_once(batch, call); };
  try {
    return on_connection(call, once);
  } catch (const pg::PgError& error) {
    if (!is_of_old_catalogue(error)) throw;
  }
  catalogue_loaded_ = false;
  tables_.clear();
  return on_connection(call, once);
}

ApplyOutcome Ingest::apply_once(const Batch& batch, const Call& call) {
  const Replica* const replica = find_unchanged_replica(*batch.table);
  if (replica == nullptr)
    throw Error{Error::Kind::transient,
                fmt::format("the replica of {} was changed meanwhile", batch.table->arn)};
  if (is_read_back(batch)) return apply_read_back(batch, *replica, call);
  return kept_.applier().apply(
      {.table = *replica, .batch = batch, .fence = {.deadline = deadline_of_commit(call)}},
      {.stop = call.stop});
}

std::optional<system_clock::time_point> Ingest::deadline_of_commit(const Call& call) const {
  return options_.host == Host::lambda ? std::optional{call.deadline} : std::nullopt;
}

ApplyOutcome Ingest::apply_read_back(const Batch& batch, const Replica& replica, const Call& call) {
  return repeat_while_epoch_passes([&] {
    const std::int32_t epoch = Passes{kept_.connection(), replica}.epoch();
    const Batch now = options_.read_back(batch, call.stop);
    return kept_.applier().apply(
        {.table = replica,
         .batch = now,
         .fence = {.writer = ByReadBack{epoch}, .deadline = deadline_of_commit(call)}},
        {.stop = call.stop});
  });
}

}  // namespace dynamite
