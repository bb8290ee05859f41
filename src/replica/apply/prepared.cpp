#include "replica/apply/prepared.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/coalesce.hpp"
#include "core/error.hpp"
#include "json/scanner.hpp"
#include "mapping/routing.hpp"
#include "replica/apply/history_rows.hpp"
#include "replica/apply/target_changes.hpp"

namespace dynamite {
namespace {

// Updates slow down with the size of their transaction, whose own dead versions cannot be pruned.
constexpr std::size_t kTransactionRowsMax = 2'000;

bool is_json(std::string_view image, std::optional<Error>& why) {
  try {
    JsonScanner scanner{image};
    scanner.skip_value();
    scanner.expect_end();
    return true;
  } catch (const Error& error) {
    why = error;
    return false;
  }
}

// The image of a change that is applied is checked when its row is made. The image of a superseded
// change is checked here.
void add_broken(std::vector<DeadLetter>& broken, std::span<const Change> superseded) {
  std::vector<DeadLetter> found;
  std::optional<Error> why;
  for (const Change& change : superseded)
    if (!change.image.empty() && !is_json(change.image, why))
      found.push_back(dead_letter(change, *why));
  add_letters(broken, found);
}

void add_refused(std::vector<DeadLetter>& broken, const RoutedChanges& routed) {
  std::vector<DeadLetter> found;
  for (const auto& [change, why] : routed.refused) found.push_back(dead_letter(change, why));
  add_letters(broken, found);
}

/// Of `routed` what the histories of the targets note.
std::vector<std::vector<Change>> history_changes(const RoutedChanges& routed,
                                                 const Replica& replica) {
  std::vector<std::vector<Change>> history(replica.targets.size());
  for (std::size_t target = 0; target < replica.targets.size(); ++target) {
    if (!replica.targets[target].mapping.rules.history) continue;
    std::vector<Change>& of_target = history[target];
    for (const Change& change : routed.changes[target])
      if (change.kind != ChangeKind::scanned_untaken) of_target.push_back(change);
    std::ranges::stable_sort(of_target, [](const Change& a, const Change& b) {
      return std::tie(a.key, a.version) < std::tie(b.key, b.version);
    });
  }
  return history;
}

bool has_history(const Replica& replica) {
  return std::ranges::any_of(replica.targets,
                             [](const Target& target) { return target.mapping.rules.history; });
}

/// The changes of each target, coalesced behind the routing: of a put that a target takes and a
/// later one that is nothing to it, the put stays.
PreparedTransaction newest_changes(std::span<const Change> changes, const Replica& replica,
                                   const std::optional<std::vector<Change>>& recorded,
                                   PreparedBatch& prepared) {
  RoutedChanges routed = routed_changes(replica, changes);
  replica.require_hash_key();  // also of targets that none of these changes concerns
  prepared.records = changes.size();
  prepared.untaken = routed.untaken;
  add_refused(prepared.broken, routed);
  PreparedTransaction all;
  if (recorded && has_history(replica)) {
    const RoutedChanges records = routed_changes(replica, *recorded);
    add_refused(prepared.broken, records);
    all.history = history_changes(records, replica);
    all.is_read_back = true;
  } else {
    all.history = history_changes(routed, replica);
  }
  all.changes = std::move(routed.changes);
  for (std::vector<Change>& of_target : all.changes) {
    std::vector<Change> superseded;
    of_target = coalesce(of_target, &superseded);
    add_broken(prepared.broken, superseded);
    prepared.changes += of_target.size();
  }
  return all;
}

std::vector<std::vector<Change>> copy_of(const TargetChanges& part) {
  std::vector<std::vector<Change>> copy;
  for (const std::span<const Change> of_target : part)
    copy.emplace_back(of_target.begin(), of_target.end());
  return copy;
}

}  // namespace

PreparedBatch prepare(std::span<const Change> changes, const Replica& replica,
                      const std::optional<std::vector<Change>>& recorded) {
  PreparedBatch prepared;
  PreparedTransaction all = newest_changes(changes, replica, recorded, prepared);
  const std::size_t count = (prepared.changes + kTransactionRowsMax - 1) / kTransactionRowsMax;
  if (count <= 1) {
    prepared.transactions.push_back(std::move(all));
    return prepared;
  }
  // All changes of a key are in one transaction: an item that moves from one target to another is
  // always in one of them.
  const TargetChanges newest{all.changes.begin(), all.changes.end()};
  const TargetChanges history{all.history.begin(), all.history.end()};
  const std::vector<std::string_view> keys = keys_of(newest, history);
  std::span<const std::string_view> rest{keys};
  for (std::size_t left = std::min(count, keys.size()); left > 0; --left) {
    const auto part = rest.first(rest.size() / left);
    rest = rest.subspan(part.size());
    prepared.transactions.push_back({.changes = copy_of(within(newest, part)),
                                     .history = copy_of(within(history, part)),
                                     .is_read_back = all.is_read_back,
                                     .rows = {}});
  }
  return prepared;
}

PreparedBatch prepare_rows(std::span<const Change> changes, const Replica& replica) {
  PreparedBatch prepared = prepare(changes, replica);
  prepared.mapping = replica.mapping;
  for (PreparedTransaction& transaction : prepared.transactions) {
    auto& rows = transaction.rows.emplace<std::vector<Rows>>();
    for (std::size_t target = 0; target < replica.targets.size(); ++target) {
      rows.push_back(make_rows(transaction.changes[target], replica.targets[target]));
      add_history(rows.back().after, transaction.history[target], replica.targets[target]);
    }
  }
  return prepared;
}

PreparedBatch prepare_copy(std::span<const Change> changes, const Replica& replica,
                           std::int32_t epoch) {
  PreparedBatch prepared{.mapping = replica.mapping, .transactions = {}, .broken = {}};
  PreparedTransaction all = newest_changes(changes, replica, std::nullopt, prepared);
  auto& rows = all.rows.emplace<std::vector<CopiedRows>>();
  for (std::size_t target = 0; target < replica.targets.size(); ++target) {
    rows.push_back(make_copied_rows(all.changes[target], replica.targets[target], epoch));
    add_history(rows.back().after, all.history[target], replica.targets[target]);
  }
  prepared.transactions.push_back(std::move(all));
  return prepared;
}

}  // namespace dynamite
