#include "source/read_rate.hpp"

#include <algorithm>

namespace dynamite {

void ReadRate::spend(double units, TimePoint now) {
  if (!units_per_second_) return;
  const std::scoped_lock lock{mutex_};
  const std::chrono::duration<double> cost{units / *units_per_second_};
  next_ = std::max(next_, now) + std::chrono::duration_cast<TimePoint::duration>(cost);
}

ReadRate::TimePoint ReadRate::next() const {
  const std::scoped_lock lock{mutex_};
  return next_;
}

}  // namespace dynamite
