#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "pg/connection.hpp"
#include "replica/state/apply_options.hpp"

namespace dynamite {

/// What the follower does when records of the source were lost.
enum class OnGap : std::uint8_t {
  resnapshot,  ///< makes a new pass
  stop,        ///< stops the table, until a pass was made by hand
};

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

struct EngineOptions {
  pg::ConnectOptions connect;
  ApplyOptions apply{};
  std::uint32_t connections = 4;  ///< threads that apply, each with one connection
  std::size_t bytes_in_flight_max = std::size_t{32} << 20U;  ///< read and not applied yet
  std::optional<std::uint32_t> segments{};  ///< of a new pass; absent: segments_of a table
  std::optional<double> read_units{};  ///< a second and table; absent: a quarter of the provisioned
  std::chrono::milliseconds idle_poll_max{1'000};
  /// Between looks at a stream's shards; longer with more than twenty tables.
  std::chrono::milliseconds discovery_interval{10'000};
  Run run = Run::replicate;
  OnGap on_gap = OnGap::resnapshot;
  std::uint64_t seed = 0;  ///< of the jitter of pauses
  const Clock* clock = &Clock::real();
};

}  // namespace dynamite
