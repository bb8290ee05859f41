#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <string>

#include "core/error.hpp"
#include "engine/worker.hpp"

namespace dynamite {

using TimePoint = std::chrono::steady_clock::time_point;

/// Something that goes on in short steps: a lane, or what looks after a table's lanes. At most one
/// thread at a time is inside a task.
class Task {
 public:
  virtual ~Task() = default;

  /// Returns when to come again; absent: the task is done. Never sleeps. A step that throws
  /// Error{transient} is repeated after a pause.
  virtual std::optional<TimePoint> step(Worker& worker) = 0;

  /// step() threw an error that repeating does not mend: the task is not stepped again.
  virtual void fail(const Error& error) = 0;

  /// For the log: lane and table.
  virtual std::string name() const = 0;
};

/// Shares a few threads among many tasks: whichever has been due for longest goes first.
class Scheduler {
 public:
  /// `seed`: of the jitter of pauses.
  explicit Scheduler(std::uint64_t seed) : random_{seed} {}

  void add(std::shared_ptr<Task> task, TimePoint due = std::chrono::steady_clock::now());

  /// Steps tasks on the calling thread until a stop is requested.
  void run(Worker& worker);

 private:
  struct Entry {
    std::shared_ptr<Task> task;
    int failures = 0;  // transient ones in a row
  };

  std::optional<Entry> take(const std::stop_token& stop);
  void put_back(Entry entry, TimePoint due);
  void step(Entry entry, Worker& worker);
  TimePoint after_failure(int failures);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::multimap<TimePoint, Entry> queue_;
  std::mt19937_64 random_;
};

}  // namespace dynamite
