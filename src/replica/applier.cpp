#include "replica/applier.hpp"

#include <algorithm>
#include <iterator>

#include "core/error.hpp"
#include "replica/apply_transaction.hpp"
#include "replica/pass.hpp"

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

std::vector<Change> changes_of(const ApplyRequest& request) {
  std::vector<Change> changes;
  changes.reserve(request.batch.changes.size());
  std::ranges::copy_if(request.batch.changes, std::back_inserter(changes),
                       [&](const Change& change) { return change.table == request.table_index; });
  return changes;
}

std::vector<DeadLetter> rejected_letters(const ApplyRequest& request) {
  std::vector<DeadLetter> letters;
  for (const Rejected& rejected : request.batch.rejected)
    if (rejected.table == request.table_index)
      letters.push_back(
          {.key = {},
           .record = rejected.record,
           .version = rejected.sequence_number.empty() ? "0" : rejected.sequence_number,
           .reason = rejected.reason,
           .sqlstate = {},
           .constraint = {}});
  return letters;
}

}  // namespace

ApplyOutcome Applier::apply(const ApplyRequest& request, const pg::Limits& limits) {
  std::optional<PreparedBatch> own;
  if (request.prepared == nullptr) own = prepare(changes_of(request));
  for (std::size_t outdated = 0;;) {
    try {
      ApplyOutcome outcome = apply_prepared(request, own ? *own : *request.prepared, limits);
      outcome.records += outdated;
      return outcome;
    } catch (const pg::PgError& error) {
      if (error.sqlstate() != pg::kStreamOutdated) throw;
      std::vector<Change> changes = changes_of(request);
      const std::size_t dropped = drop_outdated(request.table, changes, limits);
      if (dropped == outdated) throw;
      outdated = dropped;
      own = prepare(changes);
    }
  }
}

/// Returns how many.
std::size_t Applier::drop_outdated(const ReplicaTable& table, std::vector<Change>& changes,
                                   const pg::Limits& limits) {
  const Version oldest{Passes{connection_, table}.state(limits).oldest_generation, "0"};
  return std::erase_if(changes, [&](const Change& change) { return change.version < oldest; });
}

ApplyOutcome Applier::apply_prepared(const ApplyRequest& request, const PreparedBatch& prepared,
                                     const pg::Limits& limits) {
  for (const PreparedTransaction& transaction : prepared.transactions) {
    check_kinds(transaction.changes, request.fence.pass.has_value());
    check_images(transaction.changes);
  }
  std::vector<DeadLetter> letters = rejected_letters(request);
  const std::size_t rejected = letters.size();
  letters.insert(letters.end(), prepared.broken.begin(), prepared.broken.end());
  if (!letters.empty() && options_.on_poison == OnPoison::stop)
    throw Error{Error::Kind::poison, letters.front().reason};

  ApplyOutcome outcome{.records = prepared.records + rejected, .changes = prepared.changes};
  for (const PreparedTransaction& part : prepared.transactions) {
    const bool last = &part == &prepared.transactions.back();
    ApplyTransaction transaction{connection_, sql_of(request.table), request, options_, limits};
    const ApplyOutcome done = transaction.run(part, std::move(letters), last);
    letters.clear();
    outcome.applied += done.applied;
    outcome.dead_letters += done.dead_letters;
    outcome.copied = done.copied;
  }
  return outcome;
}

const ApplySql& Applier::sql_of(const ReplicaTable& table) {
  const auto known = sql_.find(table.id);
  return known != sql_.end() ? known->second
                             : sql_.emplace(table.id, apply_sql(table)).first->second;
}

}  // namespace dynamite
