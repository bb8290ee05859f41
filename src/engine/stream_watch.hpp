#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/gaps.hpp"
#include "replica/state/replica.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Looks at the stream of a replica that Lambda follows, and notes it: the function sees records
/// only. Where records were lost since the last look, or must have been, records the gap and
/// returns it.
std::vector<Gap> look_at_stream(pg::Connection& connection, const Replica& replica,
                                const TableDescription& table);

/// What Lambda tells of the delivery of a stream's records to the function.
struct Delivery {
  std::string stream_arn;
  bool healthy = false;  ///< by mappings that are on and have no problem
  /// Lambda discards records that wait for longer, or the stream is about to.
  std::chrono::seconds record_age_max = kAwayMax;
  /// How long the oldest record had waited, of the records that were delivered within so many
  /// seconds before now; absent: there were none.
  std::function<std::optional<std::chrono::seconds>(std::chrono::seconds)> oldest_within;
};

/// Looks at the delivery in the same way. Notes that Lambda follows if the delivery is healthy.
std::optional<Gap> look_at_delivery(pg::Connection& connection, const Replica& replica,
                                    const Delivery& delivery);

}  // namespace dynamite
