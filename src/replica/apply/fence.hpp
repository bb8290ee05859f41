#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>

namespace dynamite {

/// Records of a stream.
struct ByFollower {
  /// The daemon's number. Absent: Lambda or `apply`, which are refused where a daemon follows.
  std::optional<std::int64_t> owner = {};
};

/// Items that the pass of that epoch scanned; it must be the running one.
struct ByPass {
  std::int32_t epoch = 0;
};

/// Items that were read back from the source in that epoch; no other pass may have begun since.
struct ByReadBack {
  std::int32_t epoch = 0;
  /// The daemon's number. Absent: anybody, whoever follows the table.
  std::optional<std::int64_t> owner = {};
};

/// What must still hold when a batch commits; docs/protocol.md, "Fencing".
struct Fence {
  std::variant<ByFollower, ByPass, ByReadBack> writer = ByFollower{};
  /// In our clock: the server refuses to commit later, and stops waiting then.
  std::optional<std::chrono::system_clock::time_point> deadline = {};

  /// The epoch of the pass whose scanned items these are; absent: they are none.
  std::optional<std::int32_t> pass() const {
    const auto* by_pass = std::get_if<ByPass>(&writer);
    return by_pass == nullptr ? std::nullopt : std::optional{by_pass->epoch};
  }
};

}  // namespace dynamite
