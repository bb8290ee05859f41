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

#include "core/clock.hpp"
#include "core/error.hpp"
#include "engine/worker.hpp"

namespace dynamite {

/// Something that goes on in short steps: a lane, or what looks after a table's lanes. At most one
/// thread at a time is inside a task.
class Task {
 public:
  virtual ~Task() = default;

  /// Returns when to come again; absent: the task is done. Never sleeps. A step that throws
  /// Error{transient} is repeated after a pause.
  virtual std::optional<TimePoint> step(Worker& worker) = 0;

  /// step() has thrown Error{transient} each time since `since`, and comes again.
  virtual void note_repeat(const Error& error, TimePoint since) = 0;
  /// step() succeeded after that.
  virtual void note_recovery() = 0;

  /// step() threw an error that repeating does not mend: the task is not stepped again.
  virtual void fail(const Error& error) = 0;

  /// For the log: lane and table.
  virtual std::string name() const = 0;
};

/// Shares a few threads among many tasks: whichever has been due for longest goes first.
class Scheduler {
 public:
  /// `seed`: of the jitter of pauses.
  Scheduler(const Clock& clock, std::uint64_t seed) : clock_{clock}, random_{seed} {}

  /// Due at once.
  void add(std::shared_ptr<Task> task) { add(std::move(task), clock_.now()); }
  void add(std::shared_ptr<Task> task, TimePoint due);

  /// Steps tasks on the calling thread until a stop is requested.
  void run(Worker& worker);

  /// Steps the task that has been due for longest on the calling thread; false if none is due.
  bool step_due(Worker& worker);
  /// When the next task is due; absent: there is none.
  std::optional<TimePoint> next_due() const;

 private:
  struct Entry {
    std::shared_ptr<Task> task;
    int failures = 0;  // transient ones in a row
    TimePoint failing_since{};
  };

  std::optional<Entry> take(const std::stop_token& stop);
  std::optional<Entry> take_due();
  void put_back(Entry entry, TimePoint due);
  void step(Entry entry, Worker& worker);
  TimePoint after_failure(int failures);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::multimap<TimePoint, Entry> queue_;
  std::mt19937_64 random_;
};

}  // namespace dynamite
