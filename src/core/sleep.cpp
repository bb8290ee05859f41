#include "core/sleep.hpp"

#include <condition_variable>
#include <mutex>

namespace dynamite {

void sleep_for(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock{mutex};
  woken.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace dynamite
