#include "replica/apply/prepared.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "core/coalesce.hpp"
#include "core/error.hpp"
#include "json/scanner.hpp"
#include "mapping/routing.hpp"
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

/// The changes of each target, coalesced behind the routing: of a put that a target takes and a
/// later one that is nothing to it, the put stays.
std::vector<std::vector<Change>> newest_changes(std::span<const Change> changes,
                                                const Replica& replica, PreparedBatch& prepared) {
  RoutedChanges routed = routed_changes(replica, changes);
  replica.require_hash_key();  // also of targets that none of these changes concerns
  prepared.records = changes.size();
  prepared.untaken = routed.untaken;
  for (const auto& [change, why] : routed.refused)
    prepared.broken.push_back(dead_letter(change, why));
  std::vector<std::vector<Change>> newest = std::move(routed.changes);
  for (std::vector<Change>& of_target : newest) {
    std::vector<Change> superseded;
    of_target = coalesce(of_target, &superseded);
    add_broken(prepared.broken, superseded);
    prepared.changes += of_target.size();
  }
  return newest;
}

}  // namespace

PreparedBatch prepare(std::span<const Change> changes, const Replica& replica) {
  PreparedBatch prepared;
  std::vector<std::vector<Change>> newest = newest_changes(changes, replica, prepared);
  const std::size_t count = (prepared.changes + kTransactionRowsMax - 1) / kTransactionRowsMax;
  if (count <= 1) {
    prepared.transactions.push_back({.changes = std::move(newest), .rows = {}});
    return prepared;
  }
  // All changes of a key are in one transaction: an item that moves from one target to another is
  // always in one of them.
  const TargetChanges all{newest.begin(), newest.end()};
  const std::vector<std::string_view> keys = keys_of(all);
  std::span<const std::string_view> rest{keys};
  for (std::size_t left = std::min(count, keys.size()); left > 0; --left) {
    const auto part = rest.first(rest.size() / left);
    rest = rest.subspan(part.size());
    PreparedTransaction& transaction = prepared.transactions.emplace_back();
    for (const std::span<const Change> of_target : within(all, part))
      transaction.changes.emplace_back(of_target.begin(), of_target.end());
  }
  return prepared;
}

PreparedBatch prepare_rows(std::span<const Change> changes, const Replica& replica) {
  PreparedBatch prepared = prepare(changes, replica);
  prepared.mapping = replica.mapping;
  for (PreparedTransaction& transaction : prepared.transactions) {
    auto& rows = transaction.rows.emplace<std::vector<Rows>>();
    for (std::size_t target = 0; target < replica.targets.size(); ++target)
      rows.push_back(make_rows(transaction.changes[target], replica.targets[target]));
  }
  return prepared;
}

PreparedBatch prepare_copy(std::span<const Change> changes, const Replica& replica,
                           std::int32_t epoch) {
  PreparedBatch prepared{.mapping = replica.mapping, .transactions = {}, .broken = {}};
  PreparedTransaction all{.changes = newest_changes(changes, replica, prepared), .rows = {}};
  auto& rows = all.rows.emplace<std::vector<CopiedRows>>();
  for (std::size_t target = 0; target < replica.targets.size(); ++target)
    rows.push_back(make_copied_rows(all.changes[target], replica.targets[target], epoch));
  prepared.transactions.push_back(std::move(all));
  return prepared;
}

}  // namespace dynamite
