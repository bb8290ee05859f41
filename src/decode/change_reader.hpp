#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decode/known_tables.hpp"
#include "decode/stream_record.hpp"
#include "json/scanner.hpp"

namespace dynamite {

/// Throws Error{poison} if `text` is not UTF-8.
void require_utf8(std::string_view text);

/// The reason of a record that is rejected because it does not tell its stream.
inline constexpr std::string_view kNoStreamNamed = "eventSourceARN of the record is missing";

/// Turns stream records into changes, a batch a table; those that are malformed into rejected ones.
class ChangeReader {
 public:
  /// Records in `page`, which is UTF-8, that name their stream. `tables` must outlive the reader.
  ChangeReader(std::shared_ptr<const std::string> page, const KnownTables& tables);

  /// Records of one stream of `table`.
  ChangeReader(std::shared_ptr<const std::string> page, std::shared_ptr<const SourceTable> table,
               std::uint64_t generation);

  /// The text that was given as the page.
  std::string_view page() const noexcept { return *pages_.front(); }

  /// Keeps `text`, which was unescaped from the page, as long as the batches.
  std::string_view add_page(std::string text);

  /// The stream of records that do not name theirs.
  void assume_stream(std::string stream_arn) { assumed_stream_arn_ = std::move(stream_arn); }
  bool assumes_stream() const noexcept { return !assumed_stream_arn_.empty(); }

  /// Reads the record that `scanner` stands before. Throws Error{usage} if it comes from something
  /// else than a stream that a replica can follow, Error{poison} if its end cannot be found.
  void read(JsonScanner& scanner);

  /// Sets `record` aside, with its key if `members` hold one that can be read. If its own table is
  /// unknown, it counts to the table of the record before it.
  void reject(std::string_view record, std::string reason, const StreamRecord& members = {});

  /// How much was read by a moment.
  struct Mark {
    std::size_t changes, rejected;
  };
  Mark mark() const noexcept { return {changes_.size(), rejected_.size()}; }

  /// Forgets the records that were read since.
  void undo(const Mark& since);

  bool has_changes_since(const Mark& mark) const noexcept { return changes_.size() > mark.changes; }

  /// The records that were rejected since, each with the index of its table.
  using RejectedOfTable = std::pair<Rejected, std::size_t>;
  std::span<const RejectedOfTable> rejected_since(const Mark& mark) const {
    return std::span{rejected_}.subspan(mark.rejected);
  }

  /// What was read, a batch for each table in the order of their first records; of one stream
  /// always one batch. Throws Error{usage} if there are records, but none that tells its table.
  std::vector<Batch> take_batches();

  /// ARNs of tables that have records, but that are not among the known ones. From the first of
  /// such records on no change is made: all must be read again once the tables are known.
  const std::vector<std::string>& unknown_tables() const noexcept { return unknown_tables_; }

  /// The sequence number of the last record that has a valid one; empty: none has.
  std::string last_sequence_number() const { return std::string{last_sequence_number_}; }

 private:
  /// Changes behind each other of one table.
  struct Run {
    std::size_t begin, table;
  };

  void find_table(const StreamRecord& record);
  void enter_table(const std::string& table_arn);
  std::size_t index_of(std::shared_ptr<const SourceTable> table);
  void add(Change change);
  Change make_change(std::string_view text, const StreamRecord& record);
  std::string_view read_key_of(const StreamRecord& record);
  std::string_view key_if_readable(const StreamRecord& members);
  void deal_changes();

  const KnownTables* tables_ = nullptr;  // none: all records are of table 0
  std::vector<std::shared_ptr<const std::string>> pages_;
  std::vector<Batch> batches_;  // of each table; their keys only, until all is read
  std::vector<Change> changes_;
  std::vector<Run> runs_;  // of all changes
  std::vector<RejectedOfTable> rejected_;
  std::vector<std::string> unknown_tables_;
  std::uint64_t generation_ = 0;
  std::size_t table_ = 0;
  std::string key_;
  std::string assumed_stream_arn_;
  // Raw tokens in the page, of the record before.
  std::string_view stream_arn_;
  std::string_view last_sequence_number_;
};

}  // namespace dynamite
