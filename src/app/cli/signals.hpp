#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace dynamite {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop; a second one ends the process at once. Must be
/// made before any other thread, which inherits the blocked signals.
class Signals {
 public:
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void wait();

  sigset_t set_{};
  std::stop_source stop_;
  std::atomic<bool> done_ = false;
  std::thread waiter_;
};

}  // namespace dynamite
