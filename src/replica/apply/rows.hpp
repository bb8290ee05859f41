#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.hpp"
#include "core/error.hpp"
#include "layout/key_arrays.hpp"
#include "layout/layout.hpp"
#include "pg/array_rows.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

// A multi-argument unnest materialises its rows in work_mem, and shorter statements overlap better
// with our own work: measured best between 100 and 1,000 rows.
inline constexpr std::size_t kStatementRowsMax = 250;
inline constexpr std::size_t kStatementBytesMax = 1U << 20U;

/// The keys of a statement's rows, and the versions that they are written or removed with.
struct RowKeys {
  explicit RowKeys(const KeySchema& schema) : keys{schema} {}

  KeyArrays keys;
  pg::Array versions{pg::ElementType::numeric};
  /// Of removes, where Layout::keeps(): when the item was removed whose row stays. NULL: the row
  /// goes, unless it was kept before.
  pg::Array kept_at{pg::ElementType::timestamptz};

  std::size_t size() const noexcept { return keys.size(); }
};

/// The values of a put's rows and their times, in the order of their keys.
struct RowValues {
  explicit RowValues(const Layout& layout);

  pg::ArrayRows values;
  pg::Array times{pg::ElementType::timestamptz};
};

/// Rows of a target's history, as the parameters of one statement.
struct HistoryRows {
  HistoryRows(const KeySchema& schema, const Layout& layout);

  RowKeys keys;
  RowValues values;
  pg::Array changes{pg::ElementType::text};  ///< what became of the item, in a word
};

/// A record set aside with its reason. The views look into the Batch.
struct DeadLetter {
  std::string_view key;  ///< the source's, canonical; empty if it could not be read
  std::string_view record;
  std::string version;  ///< decimal digits
  std::string reason;
  std::string sqlstate;    ///< empty if PostgreSQL was not asked
  std::string constraint;  ///< empty if none
};

/// What a transaction does to a target once its rows are put, in statements of bounded size.
struct AfterPuts {
  std::vector<RowKeys> puts;  ///< what was put, scanned items included: to be rechecked
  std::vector<RowKeys> removes;
  std::vector<KeyArrays> stamps;          ///< of scanned items that are dead letters
  std::vector<KeyArrays> untaken;         ///< of ChangeKind::scanned_untaken
  std::vector<DeadLetter> dead_letters;   ///< changes that could not become rows
  std::string lowest_version;             ///< of all changes; "0" if there are none
  std::vector<AttributeNote> notes;       ///< of the puts; see RowWriter::take_notes
  std::vector<HistoryRows> history;       ///< see add_history
  std::vector<HistoryRows> history_read;  ///< see add_history_read
};

/// Coalesced changes as parameters.
struct Rows {
  std::vector<RowValues> values;  ///< of each of after.puts, at the same place
  AfterPuts after;
};

/// Appends a key of the target and its version. Throws Error{poison} if PostgreSQL cannot hold the
/// key.
void append_key(RowKeys& rows, std::string_view key, const Version& version);

/// Called with each statement of puts as soon as its parameters are complete. The values are gone
/// when it returns.
using PutsReady = std::function<void(const RowKeys& keys, const RowValues& values,
                                     const std::string& lowest_version)>;

/// Makes a row of each image. `changes` must be sorted by key, one change a key. A change that
/// PostgreSQL could not hold becomes a dead letter.
Rows make_rows(std::span<const Change> changes, const Target& target);

/// The same for a caller that sends each statement while the next is made.
AfterPuts make_rows(std::span<const Change> changes, const Target& target, const PutsReady& ready);

/// The dead letter of a change that was refused before PostgreSQL was asked.
DeadLetter dead_letter(const Change& change, const Error& reason);

/// Adds another target's dead letters to `letters`. A record that has a letter there gets no second
/// one.
void add_letters(std::vector<DeadLetter>& letters, std::span<const DeadLetter> more);

/// Makes a dead letter of a change that cannot become a row. A scanned one stamps its row, whose
/// key is `key`, of the target's `keys`.
void set_aside(AfterPuts& after, const Change& change, const Error& reason, std::string_view key,
               const KeySchema& keys);

}  // namespace dynamite
