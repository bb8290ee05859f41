#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/first_exception.hpp"
#include "ingest/batch_applier.hpp"

namespace dynamite {

/// How batches are applied.
struct ApplierShape {
  std::size_t connections = 1;
  std::size_t records_max = 0;  ///< in a transaction's batch; 0: all of a batch that fit into one
};

/// Applies batches over several connections, a thread and a BatchApplier each. All changes of a key
/// go through the same connection, in the order of the batches.
class ParallelIngest {
 public:
  ParallelIngest(IngestOptions options, ApplierShape shape, std::stop_token stop);
  ParallelIngest(const ParallelIngest&) = delete;
  ParallelIngest& operator=(const ParallelIngest&) = delete;
  ~ParallelIngest();

  /// Makes the rows of `replica`, the batch's, on the calling thread; returns when the last of them
  /// are waiting for their connections. Throws what a connection's thread threw.
  void add(const std::shared_ptr<const Batch>& batch, const Replica& replica);

  /// Returns when all connections are open and all batches are committed. Throws what a
  /// connection's thread threw, Error{transient} after a stop. The batches may then be applied in
  /// part. Applying them again changes nothing of that part.
  ApplyOutcome finish();

 private:
  static constexpr std::size_t kWaitingMax = 3'000;  // changes that wait for a connection

  struct Lane {
    std::deque<AheadBatch> waiting;
    std::atomic<std::size_t> changes_waiting = 0;
    ApplyOutcome outcome;
    bool at_work = true;  // opens its connection
  };

  void run(Lane& lane, const std::stop_token& stop);
  template <class Body>
  void attempt(const Body& body);
  std::vector<Change> changes_of_lane(std::span<const Change> changes, std::size_t number) const;
  void add(Lane& lane, AheadBatch part, const Replica& replica);
  static std::optional<AheadBatch> take(Lane& lane);

  const IngestOptions options_;
  const ApplierShape shape_;
  const std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable_any added_;  // for the connections' threads
  std::condition_variable_any room_;   // for add()
  std::condition_variable_any idle_;   // for finish()
  FirstException failure_;
  std::deque<Lane> lanes_;  // a deque never moves them
  std::vector<std::jthread> threads_;
};

}  // namespace dynamite
