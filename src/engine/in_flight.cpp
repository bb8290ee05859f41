#include "engine/in_flight.hpp"

#include <utility>

namespace dynamite {

bool InFlight::admit(std::function<void()> wake) {
  const std::scoped_lock lock{mutex_};
  if (bytes_ < bytes_max_) return true;
  waiting_.push_back(std::move(wake));
  return false;
}

void InFlight::add(std::size_t bytes) {
  const std::scoped_lock lock{mutex_};
  bytes_ += bytes;
}

void InFlight::release(std::size_t bytes) {
  std::deque<std::function<void()>> woken;
  {
    const std::scoped_lock lock{mutex_};
    bytes_ -= bytes;
    if (bytes_ < bytes_max_) woken.swap(waiting_);
  }
  for (const auto& wake : woken) wake();
}

}  // namespace dynamite
