#include "engine/stream_watch.hpp"

#include <fmt/format.h>

#include "core/arn.hpp"
#include "engine/followable.hpp"
#include "replica/state/gaps.hpp"
#include "replica/state/pass.hpp"

namespace dynamite {
namespace {

constexpr std::chrono::seconds kLookBack =
    std::chrono::hours{2};  // more than the time between two looks

}  // namespace

std::vector<Gap> look_at_stream(pg::Connection& connection, const Replica& replica,
                                const TableDescription& table) {
  std::vector<Gap> gaps;
  const auto record = [&](const std::string& reason) {
    gaps.push_back({.stream_arn = table.latest_stream_arn, .shard_id = "", .reason = reason});
    record_gap(connection, replica, gaps.back());
  };
  if (const auto why = why_unfollowable(table)) {
    record(*why);
    return gaps;
  }
  const std::uint64_t generation = parse_stream_arn(table.latest_stream_arn).generation;
  if (auto gap = note_stream(connection, replica, table.latest_stream_arn, generation))
    gaps.push_back(std::move(*gap));
  const auto away = since_followed(connection, replica);
  if (away && *away > kAwayMax)
    record(fmt::format("nobody followed the stream for {} h", kAwayMax.count()));
  return gaps;
}

std::optional<Gap> look_at_delivery(pg::Connection& connection, const Replica& replica,
                                    const Delivery& delivery) {
  // Records that had waited too long soon after a pass began were written before it: the pass made
  // up for them.
  std::chrono::seconds within = kLookBack;
  if (const auto pass = Passes{connection, replica}.state().since_start)
    within = std::min(within, *pass - delivery.record_age_max);
  if (within <= std::chrono::seconds{0}) return std::nullopt;
  const auto age = delivery.oldest_within(within).value_or(std::chrono::seconds{0});
  std::optional<Gap> gap;
  if (age >= delivery.record_age_max) {
    gap = {.stream_arn = delivery.stream_arn,
           .shard_id = "",
           .reason = fmt::format(
               "records had waited for up to {} s when the function was given them: those that "
               "waited for more than {} s were discarded",
               age.count(), delivery.record_age_max.count())};
    record_gap(connection, replica, *gap);
  }
  if (delivery.healthy) note_followed(connection, replica, std::nullopt, age);
  return gap;
}

}  // namespace dynamite
