#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace dynamite {

/// The bytes of all lanes that were read and are not applied yet. Safe to use from many threads.
class InFlight {
 public:
  explicit InFlight(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  /// True: one more page may be read. False: `wake` is called, once, when there is room.
  bool admit(std::function<void()> wake);

  void add(std::size_t bytes);
  void release(std::size_t bytes);

 private:
  const std::size_t bytes_max_;  // exceeded by at most one page a reading thread
  std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace dynamite
