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

struct EngineOptions {
  pg::ConnectOptions connect;
  ApplyOptions apply{};
  std::uint32_t connections = 4;  ///< threads that apply, each with one connection
  std::size_t bytes_in_flight_max = std::size_t{32} << 20U;  ///< read and not applied yet
  std::optional<std::uint32_t> segments{};  ///< of a new pass; absent: segments_of a table
  std::optional<double> read_units{};  ///< a second and table; absent: a quarter of the provisioned
  std::chrono::milliseconds idle_poll_max{1'000};
  std::chrono::milliseconds discovery_interval{10'000};  ///< between looks at a stream's shards;
                                                         ///< longer with more than twenty tables
  bool follow = true;                                    ///< read the streams; else one pass only
  bool snapshot = true;                                  ///< make a pass where one is needed
  OnGap on_gap = OnGap::resnapshot;
  bool once = false;       ///< end when every table is complete and its shards are drained
  std::uint64_t seed = 0;  ///< of the jitter of pauses
  const Clock* clock = &Clock::real();
};

}  // namespace dynamite
