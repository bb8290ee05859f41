#pragma once

#include <exception>
#include <mutex>

namespace dynamite {

/// The first exception of several threads, for the thread that waits for them. Safe to use from
/// many threads.
class FirstException {
 public:
  /// Keeps the exception that is being handled, unless one is kept already. Called in a handler.
  void keep_current() noexcept;

  bool kept() const;

  /// Throws the exception that is kept; does nothing if there is none.
  void rethrow() const;

 private:
  mutable std::mutex mutex_;
  std::exception_ptr first_;
};

}  // namespace dynamite
