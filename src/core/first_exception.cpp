#include "core/first_exception.hpp"

namespace dynamite {

void FirstException::keep_current() noexcept {
  const std::scoped_lock lock{mutex_};
  if (!first_) first_ = std::current_exception();
}

bool FirstException::kept() const {
  const std::scoped_lock lock{mutex_};
  return first_ != nullptr;
}

void FirstException::rethrow() const {
  const std::scoped_lock lock{mutex_};
  if (first_) std::rethrow_exception(first_);
}

}  // namespace dynamite
