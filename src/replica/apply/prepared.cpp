#include "replica/apply/prepared.hpp"

#include <algorithm>
#include <iterator>

#include "core/coalesce.hpp"
#include "core/error.hpp"
#include "json/scanner.hpp"

namespace dynamite {
namespace {

// Updates slow down with the size of their transaction, whose own dead versions cannot be pruned.
constexpr std::size_t kTransactionRowsMax = 2'000;

// The image of a change that is applied is checked when its row is made. The image of a superseded
// change is checked here.
std::vector<DeadLetter> broken_among(std::span<const Change> superseded) {
  std::vector<DeadLetter> broken;
  for (const Change& change : superseded) {
    if (change.image.empty()) continue;
    try {
      JsonScanner scanner{change.image};
      scanner.skip_value();
      scanner.expect_end();
    } catch (const Error& error) {
      broken.push_back(dead_letter(change, error));
    }
  }
  return broken;
}

}  // namespace

PreparedBatch prepare(std::span<const Change> changes) {
  std::vector<Change> superseded;
  const std::vector<Change> newest = coalesce(changes, &superseded);
  PreparedBatch prepared{.records = changes.size(),
                         .changes = newest.size(),
                         .transactions = {},
                         .broken = broken_among(superseded)};
  const std::size_t count =
      std::max<std::size_t>(1, (newest.size() + kTransactionRowsMax - 1) / kTransactionRowsMax);
  prepared.transactions.resize(count);
  std::span<const Change> rest{newest};
  for (std::size_t i = 0; i < count; ++i) {
    const auto part = rest.first(rest.size() / (count - i));
    rest = rest.subspan(part.size());
    prepared.transactions[i].changes.assign(part.begin(), part.end());
  }
  return prepared;
}

PreparedBatch prepare_rows(std::span<const Change> changes, const Replica& replica) {
  PreparedBatch prepared = prepare(changes);
  prepared.mapping = replica.mapping;
  for (PreparedTransaction& transaction : prepared.transactions) {
    auto& rows = transaction.rows.emplace<std::vector<Rows>>();
    for (const Target& target : replica.targets)
      rows.push_back(make_rows(transaction.changes, target));
  }
  return prepared;
}

PreparedBatch prepare_copy(std::span<const Change> changes, const Replica& replica,
                           std::int32_t epoch) {
  std::vector<Change> superseded;
  PreparedTransaction all{.changes = coalesce(changes, &superseded), .rows = {}};
  auto& rows = all.rows.emplace<std::vector<CopiedRows>>();
  for (const Target& target : replica.targets)
    rows.push_back(make_copied_rows(all.changes, target, epoch));
  PreparedBatch prepared{.mapping = replica.mapping,
                         .records = changes.size(),
                         .changes = all.changes.size(),
                         .transactions = {},
                         .broken = broken_among(superseded)};
  prepared.transactions.push_back(std::move(all));
  return prepared;
}

}  // namespace dynamite
