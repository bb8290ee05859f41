#pragma once

#include <chrono>
#include <cstdint>

#include "core/apply_options.hpp"
#include "core/clock.hpp"
#include "core/replication_options.hpp"
#include "pg/connection.hpp"

namespace dynamite {

/// What an engine does with its tables, and when it ends.
enum class Run : std::uint8_t {
  snapshot,                 ///< makes one pass of each table; reads no stream
  replicate,                ///< follows the streams, and makes a pass where one is needed
  replicate_until_drained,  ///< the same, until every table is complete and its shards are drained
  follow,                   ///< follows the streams and makes no pass, whatever is missing
  follow_until_drained,     ///< the same, until the shards of every table are drained
};

/// Whether the streams are read. Only one daemon may.
constexpr bool follows(Run run) noexcept { return run != Run::snapshot; }

constexpr bool makes_passes(Run run) noexcept {
  return run != Run::follow && run != Run::follow_until_drained;
}

/// A run that does not end by itself waits for tables and streams that are missing.
constexpr bool ends_by_itself(Run run) noexcept {
  return run != Run::replicate && run != Run::follow;
}

/// What a user may set, and what the owner of an engine adds.
struct EngineOptions : ReplicationOptions {
  pg::ConnectOptions connect;
  ApplyOptions apply{};
  /// Between looks at a stream's shards; longer with more than twenty tables.
  std::chrono::milliseconds discovery_interval{10'000};
  Run run = Run::replicate;
  std::uint64_t seed = 0;  ///< of the jitter of pauses
  const Clock* clock = &Clock::real();
};

}  // namespace dynamite
