#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/batch.hpp"

namespace dynamite {

struct ScanPage {
  Batch batch;
  std::optional<std::string> last_evaluated_key;  ///< raw JSON; absent: the segment is finished
  double capacity_units = 0;                      ///< ConsumedCapacity.CapacityUnits, 0 if absent
};

/// The answer of Scan, read at `time`. An item without a valid key goes to `rejected`. Throws
/// Error{transient} if it is not JSON or has no Items.
ScanPage decode_scan_page(std::string page, std::shared_ptr<const SourceTable> table, Micros time);

}  // namespace dynamite
