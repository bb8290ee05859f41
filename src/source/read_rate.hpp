#pragma once

#include <chrono>
#include <mutex>
#include <optional>

namespace dynamite {

/// Paces reads of one table to a number of read units a second. Safe to call from many threads.
class ReadRate {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Absent: no limit.
  explicit ReadRate(std::optional<double> units_per_second) : units_per_second_{units_per_second} {}

  /// A read cost `units`: later reads must wait for them.
  void spend(double units, TimePoint now);

  std::optional<double> units_per_second() const noexcept { return units_per_second_; }

  /// The earliest time of the next read.
  TimePoint next() const;

 private:
  const std::optional<double> units_per_second_;
  mutable std::mutex mutex_;
  TimePoint next_{};
};

}  // namespace dynamite
