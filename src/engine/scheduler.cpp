#include "engine/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/visible.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayMin = 100ms;
constexpr milliseconds kRetryDelayMax = 10s;

}  // namespace

void Scheduler::add(std::shared_ptr<Task> task, TimePoint due) { put_back({std::move(task)}, due); }

void Scheduler::put_back(Entry entry, TimePoint due) {
  const std::scoped_lock lock{mutex_};
  queue_.emplace(due, std::move(entry));
  changed_.notify_one();
}

std::optional<Scheduler::Entry> Scheduler::take(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (queue_.empty()) {
      changed_.wait(lock, stop, [this] { return !queue_.empty(); });
      continue;
    }
    if (std::optional<Entry> entry = take_due()) return entry;
    const TimePoint due = queue_.begin()->first;
    changed_.wait_until(lock, stop, due,
                        [&] { return !queue_.empty() && queue_.begin()->first < due; });
  }
  return std::nullopt;
}

std::optional<Scheduler::Entry> Scheduler::take_due() {
  if (queue_.empty() || queue_.begin()->first > clock_.now()) return std::nullopt;
  Entry entry = std::move(queue_.begin()->second);
  queue_.erase(queue_.begin());
  return entry;
}

bool Scheduler::step_due(Worker& worker) {
  std::unique_lock lock{mutex_};
  std::optional<Entry> entry = take_due();
  lock.unlock();
  if (entry) step(std::move(*entry), worker);
  return entry.has_value();
}

std::optional<TimePoint> Scheduler::next_due() const {
  const std::scoped_lock lock{mutex_};
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

void Scheduler::run(Worker& worker) {
  while (std::optional<Entry> entry = take(worker.stop())) step(std::move(*entry), worker);
}

void Scheduler::step(Entry entry, Worker& worker) {
  try {
    const std::optional<TimePoint> again = entry.task->step(worker);
    if (std::exchange(entry.failures, 0) > 0) entry.task->note_recovery();
    if (again) put_back(std::move(entry), *again);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) {
      if (entry.failures > 0) entry.task->note_recovery();
      entry.task->fail(error);
      return;
    }
    if (worker.stop().stop_requested()) return;
    worker.note_failure(error);
    if (++entry.failures == 1) entry.failing_since = clock_.now();
    entry.task->note_repeat(error, entry.failing_since);
    spdlog::warn("repeating lane={} attempt={} reason={}", log_value(entry.task->name()),
                 entry.failures, in_quotes(error.what()));
    const TimePoint due = after_failure(entry.failures);
    put_back(std::move(entry), due);
  }
}

TimePoint Scheduler::after_failure(int failures) {
  const int doublings = std::min(failures - 1, 10);
  const milliseconds ceiling = std::min(kRetryDelayMin * (1 << doublings), kRetryDelayMax);
  const std::scoped_lock lock{mutex_};
  std::uniform_int_distribution<milliseconds::rep> jitter{ceiling.count() / 4, ceiling.count()};
  return clock_.now() + milliseconds{jitter(random_)};
}

}  // namespace dynamite
