#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "core/apply_options.hpp"
#include "pg/connection.hpp"
#include "replica/apply/request.hpp"
#include "replica/apply/transaction.hpp"

namespace dynamite {

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
  /// the batch is applied then, except for earlier transactions of a very large batch. A repeat
  /// changes nothing of them.
  ApplyOutcome apply(const ApplyRequest& request, const pg::Limits& limits = {});

  // Sending ahead: the next batch goes out before the answer to the last one, so that the server
  // never waits. Only for batches that may be repeated behind later ones: without a checkpoint.

  /// Sends a batch whose rows are made, once few enough transactions are under way. False: the
  /// batch needs apply(), before which every sent batch must be finished. Throws as finish_sent
  /// does.
  bool send(ApplyRequest request, pg::Limits limits);
  /// Waits for the oldest batch that was sent. After an Error nothing is under way any more, and
  /// each batch without an outcome must be applied.
  ApplyOutcome finish_sent();
  std::size_t sent() const noexcept { return sent_.size(); }

 private:
  static constexpr std::size_t kUnderWayMax = 2;  // transactions: one at work, one behind it
  // Data queued in the socket falls out of the CPU cache: to send more than that ahead costs more
  // than a round trip.
  static constexpr std::size_t kAheadBytesMax = std::size_t{1} << 19U;

  struct Sent;

  ApplyOutcome apply_prepared(const ApplyRequest& request, const PreparedBatch& prepared,
                              const pg::Limits& limits);
  std::size_t drop_outdated(const Replica& table, std::vector<Change>& changes,
                            const pg::Limits& limits);
  void send_transactions(Sent& sent);
  void finish_oldest_transaction();
  void abandon_sent() noexcept;
  AppliedReplica& known(const Replica& table);

  pg::Connection& connection_;
  ApplyOptions options_;
  // By replica and its mapping.
  std::map<std::pair<std::int32_t, std::int64_t>, AppliedReplica> known_;
  std::list<Sent> sent_;
  std::size_t transactions_under_way_ = 0;
};

}  // namespace dynamite
