#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/apply/apply_sql.hpp"
#include "replica/apply/prepared.hpp"
#include "core/apply_options.hpp"

namespace dynamite {

/// What must still hold when a batch commits; docs/protocol.md, "Fencing".
struct Fence {
  /// The daemon's number. Absent: nobody's, which is refused where a daemon follows.
  std::optional<std::int64_t> owner = {};
  /// The epoch of the pass that scanned changes belong to, which must be the running one. A pass
  /// needs no owner.
  std::optional<std::int32_t> pass = {};
  /// The epoch under which the changes were read back from the source. Needs no owner.
  std::optional<std::int32_t> epoch = {};
  /// In our clock: the server refuses to commit later, and stops waiting then.
  std::optional<std::chrono::system_clock::time_point> deadline = {};
};

/// The durable position of a lane, written with the rows that it stands behind.
struct Checkpoint {
  std::string lane;
  std::string position;
  bool finished = false;
};

struct ApplyOutcome {
  std::size_t records = 0;    ///< of the batch, with rejected and outdated ones
  std::size_t changes = 0;    ///< after coalescing
  std::uint64_t applied = 0;  ///< rows put or removed; the others were stale
  std::size_t dead_letters = 0;
  std::size_t outdated = 0;  ///< of the records: of a stream that ended before the last pass
  bool copied = false;       ///< as PreparedTransaction::copy wanted it
};

struct ApplyRequest {
  const Replica& table;
  const Batch& batch;
  /// The batch's changes, where they were prepared before.
  const PreparedBatch* prepared = nullptr;
  Fence fence = {};
  std::optional<Checkpoint> checkpoint = {};
  /// Called when a transaction is sent and only the server has work left: the time for other work.
  std::function<void()> on_sent = {};
  /// Dead letters that the changes are made of: they are gone when this is committed. Those that
  /// are refused again are written anew.
  std::vector<std::int64_t> retried_letters = {};
};

/// Writes a batch's changes and its checkpoint in one transaction, by the rules of
/// docs/protocol.md. Applying a batch again changes nothing.
/// Records of streams that ended before the last pass began are outdated, and not applied.
class Applier {
 public:
  Applier(pg::Connection& connection, ApplyOptions options);
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;
  ~Applier();

  /// Throws Error: `transient` (repeat the batch), `fenced` (stop), `poison` with OnPoison::stop,
  /// `usage` (the replica is not as it should be, or there are too many dead letters). Nothing of
  /// the batch is applied then, save whole transactions before the last of a very large batch,
  /// which a repeat leaves as they are.
  ApplyOutcome apply(const ApplyRequest& request, const pg::Limits& limits = {});

  // Ahead of the answer to what was sent before, so that the server has the next batch when it is
  // done with one. For batches that may be repeated behind later ones: without a checkpoint.

  /// Sends a batch whose rows are made; waits until few enough of the transactions before it are
  /// under way. False: it needs apply(), for which nothing may be under way. Throws as finish_sent
  /// does.
  bool send(ApplyRequest request, pg::Limits limits);
  /// Waits for the oldest batch that was sent. After an Error nothing is under way any more: all
  /// that were sent and have no outcome must be applied.
  ApplyOutcome finish_sent();
  std::size_t sent() const noexcept { return sent_.size(); }

 private:
  static constexpr std::size_t kUnderWayMax = 2;  // transactions: one at work, one behind it
  // What waits in the sockets grows cold there: to send more than that ahead costs more than the
  // way of an answer.
  static constexpr std::size_t kAheadBytesMax = std::size_t{1} << 19U;

  struct Sent;

  ApplyOutcome apply_prepared(const ApplyRequest& request, const PreparedBatch& prepared,
                              const pg::Limits& limits);
  std::size_t drop_outdated(const Replica& table, std::vector<Change>& changes,
                            const pg::Limits& limits);
  void send_transactions(Sent& sent);
  void finish_oldest_transaction();
  void abandon_sent() noexcept;
  const ApplySql& sql_of(const Replica& table);

  pg::Connection& connection_;
  ApplyOptions options_;
  std::map<std::pair<std::int32_t, std::int64_t>, ApplySql> sql_;  // by replica and its mapping
  std::list<Sent> sent_;
  std::size_t transactions_under_way_ = 0;
};

}  // namespace dynamite
