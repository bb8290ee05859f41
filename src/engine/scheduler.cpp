#include "engine/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

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
    const TimePoint due = queue_.begin()->first;
    if (due <= steady_clock::now()) {
      Entry entry = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      return entry;
    }
    changed_.wait_until(lock, stop, due,
                        [&] { return !queue_.empty() && queue_.begin()->first < due; });
  }
  return std::nullopt;
}

void Scheduler::run(Worker& worker) {
  while (std::optional<Entry> entry = take(worker.stop())) step(std::move(*entry), worker);
}

void Scheduler::step(Entry entry, Worker& worker) {
  try {
    const std::optional<TimePoint> again = entry.task->step(worker);
    entry.failures = 0;
    if (again) put_back(std::move(entry), *again);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) {
      entry.task->fail(error);
      return;
    }
    if (worker.stop().stop_requested()) return;
    ++entry.failures;
    spdlog::warn("repeating lane={} attempt={} reason=\"{}\"", entry.task->name(), entry.failures,
                 error.what());
    const TimePoint due = after_failure(entry.failures);
    put_back(std::move(entry), due);
  }
}

TimePoint Scheduler::after_failure(int failures) {
  const int doublings = std::min(failures - 1, 10);
  const milliseconds ceiling = std::min(kRetryDelayMin * (1 << doublings), kRetryDelayMax);
  const std::scoped_lock lock{mutex_};
  std::uniform_int_distribution<milliseconds::rep> jitter{ceiling.count() / 4, ceiling.count()};
  return steady_clock::now() + milliseconds{jitter(random_)};
}

}  // namespace dynamite
