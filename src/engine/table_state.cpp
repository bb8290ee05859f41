#include "engine/table_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamite {
namespace {

// AWS answers an empty page now and then although records follow: one proves nothing.
constexpr std::size_t kEmptyPagesDrained = 3;

}  // namespace

void TableState::fail(const Error& error) {
  const std::scoped_lock lock{mutex_};
  if (!failure_) failure_ = error;
  ended_ = true;
}

std::optional<Error> TableState::failure() const {
  const std::scoped_lock lock{mutex_};
  return failure_;
}

void TableState::shard_started(const std::string& shard, TimePoint now) {
  const std::scoped_lock lock{mutex_};
  shards_[shard] = {.progressed = now};
}

void TableState::shard_progressed(const std::string& shard, TimePoint now) {
  const std::scoped_lock lock{mutex_};
  shards_[shard].progressed = now;
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
  for (const auto& [name, shard] : shards_)
    if (!shard.finished && shard.progressed < since) return name + " makes no progress";
  return {};
}

void TableState::shard_opened(const std::string& shard) {
  const std::scoped_lock lock{mutex_};
  shards_[shard].opened = true;
}

void TableState::shard_finished(const std::string& shard) {
  const std::scoped_lock lock{mutex_};
  shards_[shard] = {.opened = true, .finished = true};
  discovery_requested_ = true;
}

void TableState::shard_idle(const std::string& shard, TimePoint asked) {
  const std::scoped_lock lock{mutex_};
  Shard& entry = shards_[shard];
  entry.empty_pages.push_back(asked);
  if (entry.empty_pages.size() > kEmptyPagesDrained) entry.empty_pages.pop_front();
}

void TableState::shard_busy(const std::string& shard) {
  const std::scoped_lock lock{mutex_};
  shards_[shard].empty_pages.clear();
}

void TableState::shard_applied(const std::string& shard, Micros newest) {
  const std::scoped_lock lock{mutex_};
  Shard& entry = shards_[shard];
  entry.newest = std::max(entry.newest, newest);
}

void TableState::forget_shard(const std::string& shard) {
  const std::scoped_lock lock{mutex_};
  shards_.erase(shard);
}

void TableState::forget_shards() {
  const std::scoped_lock lock{mutex_};
  shards_.clear();
}

bool TableState::running(const std::string& shard) const {
  const std::scoped_lock lock{mutex_};
  const auto entry = shards_.find(shard);
  return entry != shards_.end() && !entry->second.finished;
}

std::map<std::string, bool> TableState::shards() const {
  const std::scoped_lock lock{mutex_};
  std::map<std::string, bool> finished;
  for (const auto& [name, shard] : shards_) finished.emplace(name, shard.finished);
  return finished;
}

bool TableState::all_open() const {
  const std::scoped_lock lock{mutex_};
  return std::ranges::all_of(shards_, [](const auto& entry) { return entry.second.opened; });
}

bool TableState::drained(const Shard& shard, TimePoint since) {
  return shard.finished ||
         (shard.empty_pages.size() == kEmptyPagesDrained && shard.empty_pages.front() >= since);
}

bool TableState::drained_since(TimePoint since) const {
  const std::scoped_lock lock{mutex_};
  return std::ranges::all_of(shards_, [&](const auto& e) { return drained(e.second, since); });
}

bool TableState::caught_up_since(TimePoint since, Micros since_time) const {
  const std::scoped_lock lock{mutex_};
  return std::ranges::all_of(shards_, [&](const auto& e) {
    return e.second.newest >= since_time || drained(e.second, since);
  });
}

}  // namespace dynamite
