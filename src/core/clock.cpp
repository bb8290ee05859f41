#include "core/clock.hpp"

#include <sys/resource.h>

namespace dynamite {

using std::chrono::microseconds;

std::chrono::sys_time<microseconds> Clock::time() const {
  return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

Clock& Clock::real() {
  static Clock clock;
  return clock;
}

double cpu_seconds() noexcept {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace dynamite
