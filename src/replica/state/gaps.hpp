#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Records of the source that are gone before they were read; of the whole stream if `shard_id` is
/// empty.
struct Gap {
  std::string stream_arn;
  std::string shard_id;
  std::string reason;
};

/// Notes a stream of the table, once. If an older one was noted before, what changed between the
/// two is in neither: that is recorded as a gap with it, and returned.
std::optional<Gap> note_stream(pg::Connection& connection, const Replica& table,
                               const std::string& stream_arn, std::uint64_t generation);

/// The next pass heals it. Recorded once, until a new pass begins.
void record_gap(pg::Connection& connection, const Replica& table, const Gap& gap);

}  // namespace dynamite
