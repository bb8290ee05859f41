#include "engine/shard_board.hpp"

#include <algorithm>

namespace dynamite {
namespace {

// AWS answers an empty page now and then although records follow: one proves nothing.
constexpr std::size_t kEmptyPagesDrained = 3;

}  // namespace

void ShardBoard::enter_stream(std::uint64_t generation) {
  const std::scoped_lock lock{mutex_};
  shards_.clear();
  generation_ = generation;
}

void ShardBoard::started(const std::string& shard, TimePoint now) {
  const std::scoped_lock lock{mutex_};
  shards_[shard] = {.progressed = now};
}

void ShardBoard::opened(const std::string& shard) {
  const std::scoped_lock lock{mutex_};
  shards_[shard].opened = true;
}

void ShardBoard::finished(const std::string& shard) {
  const std::scoped_lock lock{mutex_};
  shards_[shard] = {.opened = true, .finished = true};
  discovery_requested_ = true;
}

void ShardBoard::idle(const std::string& shard, TimePoint asked) {
  const std::scoped_lock lock{mutex_};
  Shard& entry = shards_[shard];
  entry.empty_pages.push_back(asked);
  if (entry.empty_pages.size() > kEmptyPagesDrained) entry.empty_pages.pop_front();
}

void ShardBoard::busy(const std::string& shard) {
  const std::scoped_lock lock{mutex_};
  shards_[shard].empty_pages.clear();
}

void ShardBoard::applied(const std::string& shard, Micros newest) {
  const std::scoped_lock lock{mutex_};
  Shard& entry = shards_[shard];
  entry.newest = std::max(entry.newest, newest);
}

void ShardBoard::progressed(const std::string& shard, TimePoint now) {
  const std::scoped_lock lock{mutex_};
  shards_[shard].progressed = now;
}

void ShardBoard::forget(const std::string& shard) {
  const std::scoped_lock lock{mutex_};
  shards_.erase(shard);
}

bool ShardBoard::running(const std::string& shard) const {
  const std::scoped_lock lock{mutex_};
  const auto entry = shards_.find(shard);
  return entry != shards_.end() && !entry->second.finished;
}

std::map<std::string, bool> ShardBoard::shards() const {
  const std::scoped_lock lock{mutex_};
  std::map<std::string, bool> finished;
  for (const auto& [name, shard] : shards_) finished.emplace(name, shard.finished);
  return finished;
}

bool ShardBoard::all_open() const {
  const std::scoped_lock lock{mutex_};
  return std::ranges::all_of(shards_, [](const auto& entry) { return entry.second.opened; });
}

bool ShardBoard::drained(const Shard& shard, TimePoint since) {
  return shard.finished ||
         (shard.empty_pages.size() == kEmptyPagesDrained && shard.empty_pages.front() >= since);
}

bool ShardBoard::drained_since(TimePoint since) const {
  const std::scoped_lock lock{mutex_};
  return std::ranges::all_of(shards_, [&](const auto& e) { return drained(e.second, since); });
}

bool ShardBoard::caught_up_since(TimePoint since, Micros since_time) const {
  const std::scoped_lock lock{mutex_};
  return std::ranges::all_of(shards_, [&](const auto& e) {
    return e.second.newest >= since_time || drained(e.second, since);
  });
}

std::optional<std::string> ShardBoard::stalled_since(TimePoint since) const {
  const std::scoped_lock lock{mutex_};
  const auto stalled = std::ranges::find_if(shards_, [&](const auto& entry) {
    return !entry.second.finished && entry.second.progressed < since;
  });
  return stalled == shards_.end() ? std::nullopt : std::optional{stalled->first};
}

}  // namespace dynamite
