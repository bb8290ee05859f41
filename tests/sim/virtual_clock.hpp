#pragma once

#include "core/clock.hpp"

namespace dynamite::sim {

/// A time that goes on only when it is told to.
class VirtualClock : public Clock {
 public:
  TimePoint now() const override { return TimePoint{since_start_}; }
  std::chrono::sys_time<std::chrono::microseconds> time() const override {
    return kStart + std::chrono::duration_cast<std::chrono::microseconds>(since_start_);
  }

  void advance(std::chrono::nanoseconds duration) { since_start_ += duration; }
  void advance_to(TimePoint time) {
    if (time > now()) since_start_ = time.time_since_epoch();
  }

 private:
  static constexpr std::chrono::sys_time<std::chrono::microseconds> kStart{
      std::chrono::sys_days{std::chrono::January / 15 / 2026}};
  std::chrono::nanoseconds since_start_ = std::chrono::hours{1};  // 0 means "never" to some
};

}  // namespace dynamite::sim
