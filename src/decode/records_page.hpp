#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/batch.hpp"

namespace dynamite {

struct RecordsPage {
  Batch batch;
  std::optional<std::string> next_iterator;  ///< absent: the shard is finished
  /// Of the last record that has one, rejected ones included; empty if there is none.
  std::string last_sequence_number;
};

/// The answer of GetRecords, for a stream of `table` with this generation. Throws Error{transient}
/// if it is not JSON or has no Records.
RecordsPage decode_records_page(std::string page, std::shared_ptr<const SourceTable> table,
                                std::uint64_t generation);

}  // namespace dynamite
