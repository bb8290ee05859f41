#include "engine/stream_watch.hpp"

#include <fmt/format.h>

#include "core/arn.hpp"
#include "engine/suitable.hpp"
#include "replica/follower.hpp"

namespace dynamite {

std::vector<std::string> look_at_stream(pg::Connection& connection, const ReplicaTable& replica,
                                        const TableDescription& table) {
  if (const auto why = why_unfollowable(table)) return {*why};
  std::vector<std::string> gaps;
  const std::uint64_t generation = parse_stream_arn(table.latest_stream_arn).generation;
  const auto noted = newest_generation(connection, replica);
  if (noted && *noted < generation)
    gaps.emplace_back(
        "the stream was switched off and on again: what changed in between is in neither");
  note_stream(connection, replica, table.latest_stream_arn, generation);
  const auto away = since_followed(connection, replica);
  if (away && *away > kAwayMax)
    gaps.push_back(fmt::format("nobody followed the stream for {} h", kAwayMax.count()));
  return gaps;
}

}  // namespace dynamite
