#pragma once

#include <chrono>

namespace dynamite {

using TimePoint = std::chrono::steady_clock::time_point;

/// Where lanes take the time from. The seam for simulations, which have a time of their own.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Never goes back.
  virtual TimePoint now() const { return std::chrono::steady_clock::now(); }
  /// The time of day, as records carry it.
  virtual std::chrono::sys_time<std::chrono::microseconds> time() const;

  /// The machine's clock.
  static Clock& real();
};

/// Seconds of CPU that this process has taken.
double cpu_seconds() noexcept;

}  // namespace dynamite
