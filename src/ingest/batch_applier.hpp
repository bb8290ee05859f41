#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "ingest/ingest_options.hpp"
#include "ingest/kept_connection.hpp"
#include "ingest/known_replicas.hpp"

namespace dynamite {

/// How long a call may take, and what it took.
struct IngestCall {
  std::chrono::system_clock::time_point deadline;  ///< in our clock; see Host::lambda
  std::stop_token stop;
  bool reconnected = false;  ///< after a loss; once is enough
  std::size_t connects = 0;  ///< connections opened
  std::chrono::microseconds in_postgres{};

  std::chrono::milliseconds left() const;
  /// Throws Error{transient} once the deadline has passed.
  void require_time() const;
};

/// A batch that outlives the call that applies it. The views of `batch` and `prepared` look into
/// `whole`.
struct AheadBatch {
  std::shared_ptr<const Batch> whole;
  Batch batch;
  std::optional<PreparedBatch> prepared{};  ///< absent: its rows cannot be made ahead
};

/// Applies batches of any table that has a replica, over one connection that is kept from call to
/// call. A call is repeated once if the connection was lost, or if the catalogue is outdated.
/// Each thread has its own.
class BatchApplier {
 public:
  explicit BatchApplier(IngestOptions options);
  BatchApplier(const BatchApplier&) = delete;
  BatchApplier& operator=(const BatchApplier&) = delete;

  /// Opens the connection and reads the catalogue, so that the first call need not.
  void prepare(std::stop_token stop);

  /// What `decode(tables)` returns once it misses no table; see decode_with. Throws Error{usage} if
  /// a table has no replica and the options do not allow to create one.
  template <class Decode>
  auto decode(const Decode& decode, IngestCall& call) {
    return decode_with(known_.tables(), decode,
                       [&](const std::string& table_arn) { replica_of(table_arn, call); });
  }

  /// The table's replica, until the next call that applies or decodes. Otherwise as decode().
  const Replica& replica_of(const std::string& table_arn, IngestCall& call);

  /// When this returns, the batch is committed. The call ends within kServerGrace of its deadline.
  /// Throws Error if anything was not applied. A repeat changes nothing of what was applied.
  /// Nothing may be ahead.
  ApplyOutcome apply(const Batch& batch, IngestCall& call);

  // Ahead: a batch is sent while the server works on the one before it, so that the server never
  // waits. What cannot be sent so, and what failed, is applied by apply(), in its order.

  /// Takes a batch over. Returns what became of batches that are finished meanwhile, perhaps none.
  /// Throws as apply(), and Error{transient} after a stop. Batches without an outcome may then be
  /// applied or not.
  ApplyOutcome apply_ahead(AheadBatch batch, const std::stop_token& stop);
  /// Batches that were taken over and have no outcome yet.
  bool has_ahead() const noexcept { return !ahead_.empty(); }
  /// Waits for the oldest of them, of which there is one. Otherwise as apply_ahead().
  ApplyOutcome finish_oldest(const std::stop_token& stop);

  /// The server ends late statements by itself. If it has not done so by then, the connection is
  /// given up.
  static constexpr std::chrono::milliseconds kServerGrace{200};

 private:
  static constexpr std::size_t kAheadMax = 2;  // batches: one at work, one behind it

  template <class Use>
  auto on_connection(IngestCall& call, Use use) -> decltype(use());
  void connect(IngestCall& call);
  void limit_connection(const IngestCall& call);
  ApplyOutcome apply_once(const Batch& batch, const IngestCall& call);
  ApplyOutcome apply_read_back(const Batch& batch, const Replica& replica, const IngestCall& call);
  bool send(const AheadBatch& ahead, IngestCall call);
  std::optional<ApplyOutcome> finish_sent();
  bool is_read_back(const Batch& batch, const Replica& replica) const;
  Batch read_back(const Batch& batch, const Replica& replica, const IngestCall& call) const;
  std::optional<std::chrono::system_clock::time_point> deadline_of_commit(
      const IngestCall& call) const;

  const IngestOptions options_;
  KnownReplicas known_;
  std::deque<AheadBatch> ahead_;  // in their order; outlives what the connection has under way
  KeptConnection kept_;
};

}  // namespace dynamite
