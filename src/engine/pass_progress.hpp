#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "source/read_rate.hpp"

namespace dynamite {

/// How far the pass of one table is. The lanes of its segments write it. Safe to use from many
/// threads.
class PassProgress {
 public:
  /// `read_units`: how many passes of the table may take a second; absent: no limit.
  explicit PassProgress(std::optional<double> read_units) : read_rate{read_units} {}

  ReadRate read_rate;
  std::atomic<bool> loads = false;  ///< it fills a replica that has no rows but its own
  std::atomic<std::uint64_t> items_scanned = 0;

  /// The pass was started or resumed.
  void begin(std::int32_t segments) noexcept { segments_left_ = segments; }
  void segment_finished() noexcept { --segments_left_; }
  std::int32_t segments_left() const noexcept { return segments_left_; }

 private:
  std::atomic<std::int32_t> segments_left_ = 0;
};

}  // namespace dynamite
