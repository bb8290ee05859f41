#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace dynamite {

/// What the follower does when records of the source were lost.
enum class OnGap : std::uint8_t {
  resnapshot,  ///< makes a new pass
  stop,        ///< stops the table, until a pass was made by hand
};

/// How tables are copied and followed, as far as a user may say so.
struct ReplicationOptions {
  std::uint32_t connections = 4;  ///< threads that apply, each with one connection
  std::size_t bytes_in_flight_max = std::size_t{32} << 20U;  ///< read and not applied yet
  std::optional<std::uint32_t> segments{};  ///< of a new pass; absent: segments_of a table
  std::optional<double> read_units{};  ///< a second and table; absent: a quarter of the provisioned
  std::chrono::milliseconds idle_poll_max{1'000};
  OnGap on_gap = OnGap::resnapshot;

  bool operator==(const ReplicationOptions&) const = default;
};

}  // namespace dynamite
