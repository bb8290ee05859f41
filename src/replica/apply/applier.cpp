#include "replica/apply/applier.hpp"

#include <algorithm>
#include <variant>

#include "core/error.hpp"
#include "replica/apply/late_records.hpp"
#include "replica/state/pass.hpp"

namespace dynamite {
namespace {

// Scanned changes have no version and are guarded by the epoch of their pass instead.
void check_kinds(std::span<const Change> changes, bool of_pass) {
  for (const Change& change : changes)
    if ((change.kind == ChangeKind::scanned) != of_pass)
      throw Error{Error::Kind::bug, of_pass ? "a change of a stream was applied as one of a pass"
                                            : "a scanned change was applied without its pass"};
}

void check_images(std::span<const Change> changes) {
  for (const Change& change : changes)
    if (change.kind == ChangeKind::put && change.image.empty())
      throw Error{
          Error::Kind::usage, "the stream carries no new images, and the items are not read back",
          "give the stream the view type NEW_AND_OLD_IMAGES: it must be switched off and on"};
}

void check_times(const ApplyRequest& request) {
  if (std::holds_alternative<ByFollower>(request.fence.writer) &&
      has_late_records(request.batch, request.table))
    throw error_of_late_records(
        Error{Error::Kind::usage, "nothing here reads items of DynamoDB",
              "give this program a way to DynamoDB, and its role dynamodb:BatchGetItem"});
}

void check(const ApplyRequest& request) {
  check_kinds(request.batch.changes, request.fence.pass().has_value());
  check_images(request.batch.changes);
  check_times(request);
}

std::vector<DeadLetter> rejected_letters(const ApplyRequest& request) {
  std::vector<DeadLetter> letters;
  for (const Rejected& rejected : request.batch.rejected)
    letters.push_back({.key = rejected.key,
                       .record = rejected.record,
                       .version = std::string{rejected.version.digits()},
                       .reason = rejected.reason,
                       .sqlstate = {},
                       .constraint = {}});
  return letters;
}

std::size_t bytes(const std::vector<Rows>& rows) {
  std::size_t sum = 0;
  for (const Rows& of_target : rows) {
    for (const RowValues& values : of_target.values) sum += values.values.bytes();
    for (const HistoryRows& history : of_target.after.history) sum += history.values.values.bytes();
  }
  return sum;
}

/// Rows that are made, of which none is a dead letter.
const std::vector<Rows>* sound_rows(const PreparedTransaction& transaction) {
  const auto* rows = std::get_if<std::vector<Rows>>(&transaction.rows);
  const bool sound = rows != nullptr && std::ranges::all_of(*rows, [](const Rows& of_target) {
                       return of_target.after.dead_letters.empty();
                     });
  return sound ? rows : nullptr;
}

/// Absent: rows must be made, since none are, or since they are of another mapping.
const PreparedBatch* prepared_of(const ApplyRequest& request) {
  const bool usable =
      request.prepared != nullptr && request.prepared->mapping == request.table.mapping;
  return usable ? request.prepared : nullptr;
}

/// No record of the request is known to be refused, and no checkpoint or dead letter depends on it.
bool is_simple(const ApplyRequest& request) {
  const PreparedBatch* const prepared = prepared_of(request);
  return prepared != nullptr && prepared->broken.empty() && request.batch.rejected.empty() &&
         request.retried_letters.empty() && !request.checkpoint &&
         std::ranges::all_of(prepared->transactions, [](const PreparedTransaction& transaction) {
           return sound_rows(transaction) != nullptr;
         });
}

}  // namespace

/// A batch that was sent and has no outcome yet.
struct Applier::Sent {
  Sent(ApplyRequest what, pg::Limits within)
      : request{std::move(what)}, limits{std::move(within)} {}

  ApplyRequest request;
  pg::Limits limits;
  std::list<ApplyTransaction> under_way;
  ApplyOutcome outcome;
};

Applier::Applier(pg::Connection& connection, ApplyOptions options)
    : connection_{connection}, options_{options} {}

Applier::~Applier() { abandon_sent(); }

bool Applier::send(ApplyRequest request, pg::Limits limits) {
  if (!is_simple(request)) return false;
  try {
    check(request);
    send_transactions(sent_.emplace_back(std::move(request), std::move(limits)));
  } catch (const Error&) {
    abandon_sent();
    throw;
  }
  return true;
}

void Applier::send_transactions(Sent& sent) {
  const PreparedBatch& prepared = *sent.request.prepared;
  sent.outcome = {
      .records = prepared.records, .changes = prepared.changes, .untaken = prepared.untaken};
  AppliedReplica& replica = known(sent.request.table);
  for (const PreparedTransaction& transaction : prepared.transactions) {
    const bool is_large = bytes(*sound_rows(transaction)) > kAheadBytesMax;
    const std::size_t before_it = is_large ? 0 : kUnderWayMax - 1;
    while (transactions_under_way_ > before_it) finish_oldest_transaction();
    sent.under_way.emplace_back(connection_, replica, sent.request, options_, sent.limits)
        .send(transaction);
    ++transactions_under_way_;
  }
}

void Applier::finish_oldest_transaction() {
  for (Sent& sent : sent_) {
    if (sent.under_way.empty()) continue;
    sent.outcome += sent.under_way.front().finish();
    sent.under_way.pop_front();
    --transactions_under_way_;
    return;
  }
}

ApplyOutcome Applier::finish_sent() {
  try {
    while (!sent_.front().under_way.empty()) finish_oldest_transaction();
  } catch (const Error&) {
    abandon_sent();
    throw;
  }
  const ApplyOutcome outcome = sent_.front().outcome;
  sent_.pop_front();
  return outcome;
}

// In reverse order: a later pipeline blocks the rollback of an earlier one.
void Applier::abandon_sent() noexcept {
  for (; !sent_.empty(); sent_.pop_back())
    while (!sent_.back().under_way.empty()) sent_.back().under_way.pop_back();
  transactions_under_way_ = 0;
}

ApplyOutcome Applier::apply(const ApplyRequest& request, const pg::Limits& limits) {
  check(request);
  std::optional<PreparedBatch> own;
  if (prepared_of(request) == nullptr)
    own = prepare(request.batch.changes, request.table, request.batch.recorded);
  for (std::size_t outdated = 0;;) {
    try {
      ApplyOutcome outcome = apply_prepared(request, own ? *own : *request.prepared, limits);
      outcome.records += outdated;
      outcome.outdated = outdated;
      return outcome;
    } catch (const pg::PgError& error) {
      if (error.sqlstate() != pg::kStreamOutdated) throw;
      std::vector<Change> changes = request.batch.changes;
      std::optional<std::vector<Change>> recorded = request.batch.recorded;
      const std::size_t dropped = drop_outdated(request.table, changes, limits);
      if (dropped == outdated) throw;
      outdated = dropped;
      if (recorded) drop_outdated(request.table, *recorded, limits);
      own = prepare(changes, request.table, recorded);
    }
  }
}

/// Returns how many.
std::size_t Applier::drop_outdated(const Replica& table, std::vector<Change>& changes,
                                   const pg::Limits& limits) {
  const Version oldest{Passes{connection_, table}.state(limits).oldest_generation, "0"};
  return std::erase_if(changes, [&](const Change& change) { return change.version < oldest; });
}

ApplyOutcome Applier::apply_prepared(const ApplyRequest& request, const PreparedBatch& prepared,
                                     const pg::Limits& limits) {
  std::vector<DeadLetter> letters = rejected_letters(request);
  const std::size_t rejected = letters.size();
  letters.insert(letters.end(), prepared.broken.begin(), prepared.broken.end());
  if (!letters.empty() && options_.on_poison == OnPoison::stop)
    throw Error{Error::Kind::poison, letters.front().reason};

  ApplyOutcome outcome{.records = prepared.records + rejected,
                       .changes = prepared.changes,
                       .untaken = prepared.untaken};
  for (const PreparedTransaction& part : prepared.transactions) {
    const PreparedBatch* const last = &part == &prepared.transactions.back() ? &prepared : nullptr;
    ApplyTransaction transaction{connection_, known(request.table), request, options_, limits};
    outcome += transaction.run(part, std::move(letters), last);
    letters.clear();
  }
  return outcome;
}

AppliedReplica& Applier::known(const Replica& table) {
  const std::pair key{table.id, table.mapping};
  return known_.try_emplace(key, table).first->second;
}

}  // namespace dynamite
