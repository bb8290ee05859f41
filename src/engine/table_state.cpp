#include "engine/table_state.hpp"

#include <fmt/format.h>

namespace dynamite {

void TableState::fail(const Error& error) {
  const std::scoped_lock lock{mutex_};
  if (!failure_) failure_ = error;
  ended_ = true;
}

std::optional<Error> TableState::failure() const {
  const std::scoped_lock lock{mutex_};
  return failure_;
}

void TableState::set_source_problem(std::string problem) {
  const std::scoped_lock lock{mutex_};
  source_problem_ = std::move(problem);
}

void TableState::note_repeat(const std::string& what, const Error& error, TimePoint since) {
  const std::scoped_lock lock{mutex_};
  repeats_[what] = {.since = since, .reason = error.what()};
}

void TableState::note_recovery(const std::string& what) {
  const std::scoped_lock lock{mutex_};
  repeats_.erase(what);
}

std::string TableState::problem(TimePoint since) const {
  const std::scoped_lock lock{mutex_};
  if (!source_problem_.empty()) return source_problem_;
  for (const auto& [what, repeat] : repeats_)
    if (repeat.since < since) return fmt::format("{} fails: {}", what, repeat.reason);
  const auto stalled = shards.stalled_since(since);
  return stalled ? *stalled + " makes no progress" : "";
}

}  // namespace dynamite
