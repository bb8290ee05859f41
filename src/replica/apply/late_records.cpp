#include "replica/apply/late_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace dynamite {
namespace {

// The time of a record is rounded down, in DynamoDB Local to the minute, and comes from another
// clock than the server's. A record that is read back in vain costs a little, a late one that is
// not read back may bring a row back.
constexpr std::chrono::minutes kMargin{5};

std::optional<Micros> newest_change(const Replica& replica) {
  std::optional<Micros> newest;
  for (const Target& target : replica.targets) newest = std::max(newest, target.changed_at);
  return newest;
}

}  // namespace

bool has_late_records(const Batch& batch, const Replica& replica) {
  const std::optional<Micros> changed_at = newest_change(replica);
  return changed_at && std::ranges::any_of(batch.changes, [&](const Change& change) {
           return change.time_is_unknown || change.time < *changed_at + kMargin;
         });
}

bool must_be_read_back(const Batch& batch, const Replica& replica) {
  return lacks_images(batch) || has_late_records(batch, replica);
}

Error error_of_late_records(const Error& error) {
  return {error.kind(),
          fmt::format("records that were made before the targets of their table changed are read "
                      "back: {}",
                      error.what()),
          error.hint()};
}

}  // namespace dynamite
