#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace dynamite {

/// Tells when to log a condition that lasts: at once, and then once a minute.
class Reminder {
 public:
  /// Whether `what` is to be said now.
  bool due(std::string_view what, TimePoint now) {
    if (said_at_ && what == said_ && now - *said_at_ < kInterval) return false;
    said_ = what;
    said_at_ = now;
    return true;
  }

  /// The condition is over: when it comes again, it is said at once.
  void reset() noexcept { said_at_.reset(); }

 private:
  static constexpr std::chrono::minutes kInterval{1};

  std::string said_;
  std::optional<TimePoint> said_at_;
};

}  // namespace dynamite
