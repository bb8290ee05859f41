#include "core/clock.hpp"

namespace dynamite {

using std::chrono::microseconds;

std::chrono::sys_time<microseconds> Clock::time() const {
  return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

Clock& Clock::real() {
  static Clock clock;
  return clock;
}

}  // namespace dynamite
