#include "replica/apply/history_rows.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "mapping/writer.hpp"
#include "replica/history/history_sql.hpp"
#include "replica/history/history_table.hpp"

namespace dynamite {
namespace {

/// What the target's mapping shows of an item, in layout `document`.
std::unique_ptr<RowWriter> history_writer(const Target& target, const Layout& layout) {
  return writer_of(target.mapping.rules, layout,
                   target.mapping.required_hash_key(target.qualified_name()));
}

std::string_view word_of(Removal removal) {
  switch (removal) {
    case Removal::removed:
      return kHistoryRemoved;
    case Removal::expired:
      return kHistoryExpired;
    case Removal::left:
      return kHistoryLeft;
  }
  throw Error{Error::Kind::bug, "a remove has no known reason"};
}

std::string_view word_of(const Change& change) {
  switch (change.kind) {
    case ChangeKind::put:
      return kHistoryPut;
    case ChangeKind::remove:
      return word_of(change.removal);
    case ChangeKind::scanned:
      return kHistoryScanned;
    case ChangeKind::scanned_untaken:
      break;  // the statement that deletes its row notes it
  }
  throw Error{Error::Kind::bug, "a scanned item that a target does not take has no row"};
}

class HistoryMaker {
 public:
  explicit HistoryMaker(const Target& target)
      : target_{target},
        history_{history_of(target)},
        writer_{history_writer(target, history_.layout())},
        keys_{target.hashed_keys()} {}

  void add(std::vector<HistoryRows>& statements, const Change& change, std::string_view word) {
    if (statements.empty() || is_full(statements.back()))
      statements.emplace_back(target_.keys(), history_.layout());
    HistoryRows& rows = statements.back();
    rows.values.values.begin_row();
    try {
      write(rows.values.values, change);
      append_key(rows.keys, keys_.of(change.key), change.version);
    } catch (const Error&) {
      rows.values.values.undo_row();
      throw;
    }
    rows.values.times.append_timestamp(change.time.time_since_epoch().count());
    rows.changes.append(word);
  }

 private:
  static bool is_full(const HistoryRows& rows) {
    return rows.keys.size() >= kStatementRowsMax ||
           rows.values.values.bytes() >= kStatementBytesMax;
  }

  void write(pg::ArrayRows& row, const Change& change) {
    if (change.kind == ChangeKind::remove) {
      for (std::size_t i = 0; i < history_.layout().values().size(); ++i) row.null();
      return;
    }
    key_.reset();
    // The key of a scanned item was read in the item itself.
    if (change.kind != ChangeKind::scanned)
      key_.emplace(ImageKey{.schema = target_.source_keys, .canonical = change.key});
    writer_->read(change.image, key_ ? &*key_ : nullptr);
    for (std::size_t i = 0; i < history_.layout().values().size(); ++i) writer_->write_next(row);
  }

  const Target& target_;
  const HistoryTable history_;
  const std::unique_ptr<RowWriter> writer_;
  HashedKeys keys_;
  std::optional<ImageKey> key_;
};

/// `word_of`: what became of the item of a change.
template <class WordOf>
void add_rows(AfterPuts& after, std::vector<HistoryRows>& statements,
              std::span<const Change> changes, const Target& target, WordOf word_of) {
  if (changes.empty()) return;
  HistoryMaker maker{target};
  for (const Change& change : changes) {
    try {
      maker.add(statements, change, word_of(change));
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::poison) throw;
      add_letters(after.dead_letters, std::vector{dead_letter(change, error)});
    }
  }
}

}  // namespace

HistoryRows::HistoryRows(const KeySchema& schema, const Layout& layout)
    : keys{schema}, values{layout} {}

void add_history(AfterPuts& after, std::span<const Change> records, const Target& target) {
  add_rows(after, after.history, records, target,
           [](const Change& change) { return word_of(change); });
}

void add_history_read(AfterPuts& after, std::span<const Change> changes, const Target& target) {
  if (!target.mapping.rules.history) return;
  add_rows(after, after.history_read, changes, target, [](const Change& change) {
    return change.kind == ChangeKind::remove ? kHistorySwept : kHistoryScanned;
  });
}

}  // namespace dynamite
