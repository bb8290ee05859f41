#pragma once

#include <future>
#include <string>
#include <vector>

#include "support/replica.hpp"

namespace dynamite::test {

/// An Applier::apply in a thread and on a connection of its own.
class Applying {
 public:
  Applying(ReplicaTest& test, std::vector<TestChange> changes, Fence fence = {},
           std::optional<Checkpoint> checkpoint = {}, bool by_copy = false);
  Applying(const Applying&) = delete;
  Applying& operator=(const Applying&) = delete;
  /// Ends the server process of an apply that is not finished.
  ~Applying();

  void wait_until_blocked() { test_.wait_until_blocked(connection_.backend_pid()); }
  /// Throws what apply threw.
  ApplyOutcome finish() { return outcome_.get(); }
  int pid() const noexcept { return connection_.backend_pid(); }

 private:
  ReplicaTest& test_;
  const Replica table_;  // with the mapping that it had at the beginning
  pg::Connection connection_;
  Batch batch_;
  std::optional<PreparedBatch> prepared_;
  std::future<ApplyOutcome> outcome_;  // last: ends before what it uses
};

/// Holds every applier that writes the checkpoint of lane(): its rows are written and not
/// committed.
class CommitGate {
 public:
  explicit CommitGate(ReplicaTest& test);

  static Checkpoint checkpoint() { return {.lane = "gate", .position = "1"}; }
  void open() { holder_.reset(); }

 private:
  pg::Connection connection_;
  std::optional<pg::Transaction> holder_;
};

/// Holds one kind of statement (INSERT, DELETE) on one table (quoted) between its snapshot and its
/// first row, in transactions of Applying, and of other connections of that name.
class StatementGate {
 public:
  static constexpr const char* kGatedName = "dynamite/test/gated";  ///< of such connections

  StatementGate(ReplicaTest& test, const std::string& statement, const std::string& table);

  void open() { holder_.reset(); }

 private:
  pg::Connection connection_;
  std::optional<pg::Transaction> holder_;
};

}  // namespace dynamite::test
