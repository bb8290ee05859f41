#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/replica.hpp"
#include "source/dynamodb.hpp"

namespace dynamite {

/// Looks at the stream of a replica that Lambda follows, which sees records only, and notes it.
/// Records, and returns, the gaps: records were lost since the last look, or must have been.
std::vector<Gap> look_at_stream(pg::Connection& connection, const Replica& replica,
                                const TableDescription& table);

/// What Lambda tells of how it gave a stream's records to the function.
struct Delivery {
  std::string stream_arn;
  bool healthy = false;  ///< by mappings that are on and have no problem
  /// Records that waited for longer are discarded; or all but are, by the stream.
  std::chrono::seconds record_age_max = kAwayMax;
  /// The longest that one of the records had waited that were given within so many seconds before
  /// now; absent: there were none.
  std::function<std::optional<std::chrono::seconds>(std::chrono::seconds)> oldest_within;
};

/// The same for the delivery. Where it is healthy, notes that Lambda follows.
std::optional<Gap> look_at_delivery(pg::Connection& connection, const Replica& replica,
                                    const Delivery& delivery);

}  // namespace dynamite
