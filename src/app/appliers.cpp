#include "app/appliers.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

namespace dynamite {
namespace {

constexpr auto kPatience = std::chrono::minutes{10};  // for one batch

/// What the lane `number` of so many applies of `changes`.
Batch part_of(const Batch& batch, std::span<const Change> changes, std::size_t number,
              std::size_t lanes) {
  Batch part;
  part.tables = batch.tables;
  part.changes.reserve(changes.size() / lanes + 1);
  std::ranges::copy_if(changes, std::back_inserter(part.changes), [&](const Change& change) {
    return lanes == 1 || std::hash<std::string_view>{}(change.key) % lanes == number;
  });
  return part;
}

}  // namespace

Appliers::Appliers(const HandlerOptions& options, ApplierShape shape, std::stop_token stop)
    : options_{options}, shape_{shape}, stop_{std::move(stop)} {
  for (std::size_t number = 0; number < shape_.connections; ++number) {
    Lane& lane = lanes_.emplace_back();
    lane.number = number;
    threads_.emplace_back(
        [this, &lane](const std::stop_token& stop_thread) { run(lane, stop_thread); });
  }
}

Appliers::~Appliers() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Appliers::run(Lane& lane, const std::stop_token& stop) {
  Handler handler{options_};
  attempt([&] { handler.prepare(stop_); });
  std::unique_lock lock{mutex_};
  lane.at_work = false;
  changed_.notify_all();
  while (changed_.wait(lock, stop, [&] { return !lane.ahead.empty(); })) {
    const std::shared_ptr<const Batch> batch = std::move(lane.ahead.front());
    lane.ahead.pop_front();
    lane.at_work = true;
    changed_.notify_all();
    lock.unlock();
    attempt([&] { apply(handler, lane, *batch); });
    lock.lock();
    lane.at_work = false;
    if (failure_) lane.ahead.clear();
    changed_.notify_all();
  }
}

/// Keeps what `body` throws for who waits.
template <class Body>
void Appliers::attempt(const Body& body) {
  try {
    body();
  } catch (...) {
    const std::scoped_lock lock{mutex_};
    if (!failure_) failure_ = std::current_exception();
  }
}

void Appliers::apply(Handler& handler, Lane& lane, const Batch& batch) {
  std::span<const Change> rest{batch.changes};
  bool first = lane.number == 0;  // the one that sees to what is rejected
  while (!rest.empty() || (first && !batch.rejected.empty())) {
    const std::size_t size =
        shape_.records_max == 0 ? rest.size() : std::min(shape_.records_max, rest.size());
    Batch part = part_of(batch, rest.first(size), lane.number, shape_.connections);
    if (std::exchange(first, false)) part.rejected = batch.rejected;
    rest = rest.subspan(size);
    if (part.changes.empty() && part.rejected.empty()) continue;
    lane.outcome += handler.apply(part, std::chrono::system_clock::now() + kPatience, stop_);
  }
}

void Appliers::add(std::shared_ptr<const Batch> batch) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] {
    return failure_ || std::ranges::all_of(
                           lanes_, [](const Lane& lane) { return lane.ahead.size() < kAheadMax; });
  });
  rethrow_failure();
  for (Lane& lane : lanes_) lane.ahead.push_back(batch);
  changed_.notify_all();
}

HandlerOutcome Appliers::finish() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] {
    return std::ranges::all_of(
        lanes_, [](const Lane& lane) { return lane.ahead.empty() && !lane.at_work; });
  });
  rethrow_failure();
  HandlerOutcome sum;
  for (Lane& lane : lanes_) sum += std::exchange(lane.outcome, {});
  return sum;
}

void Appliers::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace dynamite
