#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "decode/decode.hpp"
#include "decode/stream_record.hpp"
#include "json/scanner.hpp"

namespace dynamite {

/// A batch around `page`. Throws Error{poison} if it is not UTF-8.
Batch open_batch(std::string page);

/// Copies `key` to where it lives as long as the batch.
std::string_view keep_key(Batch& batch, std::string_view key);

/// Why a record is rejected that does not tell its stream.
inline constexpr std::string_view kNoStreamNamed = "eventSourceARN of the record is missing";

/// Turns stream records into changes of a batch; those that are malformed into rejected ones.
class ChangeReader {
 public:
  /// Records that name their stream. `batch` and `lookup` must outlive the reader.
  ChangeReader(Batch& batch, const TableLookup& lookup) : batch_{batch}, lookup_{&lookup} {}

  /// Records of one stream of `table`.
  ChangeReader(Batch& batch, std::shared_ptr<const SourceTable> table, std::uint64_t generation);

  /// The stream of records that do not name theirs.
  void assume_stream(std::string stream_arn) { assumed_stream_arn_ = std::move(stream_arn); }
  bool assumes_stream() const noexcept { return !assumed_stream_arn_.empty(); }

  /// Reads the record that `scanner` stands before. Throws Error{usage} if it comes from something
  /// else than a stream that a replica can follow, Error{poison} if its end cannot be found.
  void read(JsonScanner& scanner);

  /// Sets `record` aside, with its key if `members` hold one that can be read. It counts to the
  /// table of the record before it where its own is unknown.
  void reject(std::string_view record, std::string reason, const StreamRecord& members = {});

  /// Throws Error{usage} if there are records, but none that tells its table.
  void finish() const;

  /// Of the last record that has a valid one, else empty.
  std::string last_sequence_number() const { return std::string{last_sequence_number_}; }

 private:
  void find_table(const StreamRecord& record);
  Change make_change(std::string_view text, const StreamRecord& record);
  std::string_view read_key_of(const StreamRecord& record);
  std::string_view key_if_readable(const StreamRecord& members);

  Batch& batch_;
  const TableLookup* lookup_ = nullptr;  // none: all records are of table 0
  std::uint64_t generation_ = 0;
  std::uint16_t table_ = 0;
  std::string key_;
  std::string assumed_stream_arn_;
  // Raw tokens in the batch's page, of the record before.
  std::string_view stream_arn_;
  std::string_view last_sequence_number_;
};

}  // namespace dynamite
