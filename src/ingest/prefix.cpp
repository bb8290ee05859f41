#include "ingest/prefix.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "decode/stream_record.hpp"
#include "json/scanner.hpp"

namespace dynamite {
namespace {

struct Entry {
  std::string sequence_number;
  const Change* change = nullptr;      // or else
  const Rejected* rejected = nullptr;  // a record that could not even be read
};

std::string sequence_number_of(const Change& change) {
  JsonScanner scanner{change.record};
  StreamRecord record;
  read_stream_record(scanner, record);
  return std::string{record.sequence_number};
}

/// Decimal digits with any number of zeros before them.
bool is_less(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  return std::pair{a.size(), a} < std::pair{b.size(), b};
}

/// The batch's records in the order of their stream.
std::vector<Entry> entries_of(const Batch& batch) {
  std::vector<Entry> entries;
  entries.reserve(batch.changes.size() + batch.rejected.size());
  for (const Change& change : batch.changes)
    entries.push_back({.sequence_number = sequence_number_of(change), .change = &change});
  for (const Rejected& rejected : batch.rejected) {
    // Lambda could not be told where to go on.
    if (rejected.sequence_number.empty()) throw Error{Error::Kind::poison, rejected.reason};
    entries.push_back({.sequence_number = rejected.sequence_number, .rejected = &rejected});
  }
  std::ranges::stable_sort(entries, is_less, &Entry::sequence_number);
  return entries;
}

Batch part_of(const Batch& batch, std::span<const Entry> entries) {
  Batch part;
  part.table = batch.table;
  part.changes.reserve(entries.size());
  for (const Entry& entry : entries) part.changes.push_back(*entry.change);
  return part;
}

}  // namespace

PrefixOutcome apply_prefix(const Batch& batch, const ApplyPart& apply) {
  const std::vector<Entry> entries = entries_of(batch);
  const auto unreadable =
      std::ranges::find_if(entries, [](const Entry& entry) { return entry.rejected != nullptr; });
  std::span<const Entry> rest{entries.begin(), unreadable};
  PrefixOutcome outcome;
  std::size_t size = rest.size();
  while (!rest.empty()) {
    const auto part = rest.first(std::min(size, rest.size()));
    const bool is_single = part.size() == 1;
    try {
      outcome.applied += apply(part_of(batch, part));
      rest = rest.subspan(part.size());
    } catch (const Error& error) {
      const bool out_of_time =
          error.kind() == Error::Kind::transient && outcome.applied.records > 0;
      if (error.kind() != Error::Kind::poison && !out_of_time) throw;
      if (is_single || out_of_time) {
        outcome.first_failure = {rest.front().sequence_number, error.what()};
        return outcome;
      }
    }
    // After a single record went through, the rest is tried as a whole: it has not been tried
    // without that record.
    size = is_single ? rest.size() : (part.size() + 1) / 2;
  }
  if (unreadable != entries.end())
    outcome.first_failure = {unreadable->sequence_number, unreadable->rejected->reason};
  return outcome;
}

}  // namespace dynamite
