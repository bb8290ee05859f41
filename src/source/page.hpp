#pragma once

#include <optional>
#include <string>

#include "core/batch.hpp"

namespace dynamite {

/// One read of a lane.
struct Page {
  std::optional<Batch> batch;  ///< absent: the page was empty
  std::string position;        ///< behind the batch: what the checkpoint stores
  bool finished = false;       ///< nothing follows
  double capacity_units = 0;   ///< read units that the page cost; 0 for streams
};

}  // namespace dynamite
