#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "decode/known_tables.hpp"
#include "ingest/kept_connection.hpp"
#include "ingest/prefix.hpp"
#include "replica/apply/applier.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Makes the replica of the table with that ARN. May find that another process has just made it.
/// Throws Error if it cannot.
using CreateReplica =
    std::function<void(pg::Connection&, const std::string& table_arn, std::stop_token)>;

/// The changes of a batch, replaced by what the source has now (source/read_back.hpp).
using ReadBack = std::function<Batch(const Batch&, std::stop_token)>;

/// Which records are read back.
enum class ReadBackOf : std::uint8_t {
  missing_images,  ///< those of a stream that carries no images
  every_record,    ///< for records that come by another way than their stream in order
};

/// What the events are applied in.
enum class Host : std::uint8_t {
  /// AWS Lambda, which freezes processes. PostgreSQL itself refuses to commit after an event's
  /// deadline, and nothing stays in its session.
  lambda,
  /// A process of its own. It keeps its session, and no deadline is fenced.
  process,
};

struct IngestOptions {
  pg::ConnectOptions connect;
  std::string state_schema = "dynamite";
  ApplyOptions apply;
  CreateReplica create_replica{};  ///< empty: replicas are never created
  /// For records without images. Empty: they are refused.
  ReadBack read_back{};
  ReadBackOf read_back_of = ReadBackOf::missing_images;
  /// With OnPoison::stop, an event is applied up to the first record that is refused, and
  /// IngestOutcome::first_failure names this record. Otherwise all of the event is refused.
  bool report_batch_item_failures = false;
  Host host = Host::lambda;
  /// A connection that was not used for so long is asked whether it still answers.
  std::chrono::milliseconds idle_trust{30'000};
};

/// What became of one event. `+=` adds the counts of what was applied, and nothing else.
struct IngestOutcome : ApplyOutcome {
  std::size_t connects = 0;                 ///< connections opened for this event
  std::chrono::microseconds in_postgres{};  ///< time spent waiting for PostgreSQL
  std::optional<Micros> newest;             ///< when the newest record was made; absent: no record
  std::optional<FirstFailure> first_failure;  ///< this and all behind it must be repeated
};

/// Applies events of DynamoDB stream records, one at a time, over one connection that is kept from
/// event to event, and may lead through a transaction pooler. docs/protocol.md, "Lambda".
class Ingest {
 public:
  explicit Ingest(IngestOptions options);
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  /// Opens the connection and reads the catalogue, so that the first event need not.
  void prepare(std::stop_token stop);

  /// Applies `event`; when this returns, all of it is committed. `deadline`, in our clock: the call
  /// ends within kServerGrace of it (see Host::lambda). Throws Error
  /// if anything was not applied: the whole event must be repeated. A repeat changes nothing of the
  /// part that was applied.
  IngestOutcome handle(std::string event, std::chrono::system_clock::time_point deadline,
                       std::stop_token stop = {});

  // For callers that decode on one thread and apply on another, each with its own Ingest.

  /// The tables that have a replica, as far as this Ingest knows. For decode_with.
  const KnownTables& tables() const noexcept { return tables_; }

  /// The table of that ARN; adds it to tables(). Creates its replica if the options allow it.
  /// Throws Error{usage} if the table has no replica.
  std::shared_ptr<const SourceTable> find_table(const std::string& table_arn,
                                                std::chrono::system_clock::time_point deadline,
                                                std::stop_token stop = {});

  /// The replica of a table that is among tables().
  const Replica& replica_of(const SourceTable& table) const { return replicas_.at(table.arn); }

  /// As handle(), for a batch.
  IngestOutcome apply(const Batch& batch, std::chrono::system_clock::time_point deadline,
                      std::stop_token stop = {});

  // Sending ahead: before the answer to the last batch has come; see Applier.

  /// Sends a batch. False: it needs apply(), once nothing is under way. `batch` and
  /// `prepared` must live until it has an outcome.
  bool send(const Batch& batch, const PreparedBatch& prepared,
            std::chrono::system_clock::time_point deadline, std::stop_token stop = {});
  /// Waits for the oldest batch that was sent. Absent: it failed. Then nothing is under way any
  /// more, and each batch without an outcome needs apply(), which tells what is wrong.
  std::optional<IngestOutcome> finish_sent();

  /// The server ends late statements by itself. If it has not done so by then, the connection is
  /// given up.
  static constexpr std::chrono::milliseconds kServerGrace{200};

 private:
  struct Call;
  template <class Use>
  auto on_connection(Call& call, Use use) -> decltype(use());
  void connect(Call& call);
  IngestOutcome apply_all(std::span<const Batch> batches, Call& call);
  ApplyOutcome apply_or_report(const Batch& batch, Call& call, IngestOutcome& outcome);
  ApplyOutcome apply(const Batch& batch, Call& call);
  ApplyOutcome apply_once(const Batch& batch, const Call& call);
  ApplyOutcome apply_read_back(const Batch& batch, const Replica& replica, const Call& call);
  std::optional<std::chrono::system_clock::time_point> deadline_of_commit(const Call& call) const;
  const Replica& replica_of(const std::string& table_arn, const Call& call);
  std::shared_ptr<const SourceTable> find_table(const std::string& table_arn, Call& call);
  const Replica* find_replica(const std::string& table_arn) const;
  const Replica* find_unchanged_replica(const SourceTable& source) const;
  bool is_read_back(const Batch& batch) const;
  void create_replica(const std::string& table_arn, const Call& call);
  void load_catalogue();

  IngestOptions options_;
  KeptConnection kept_;
  bool catalogue_loaded_ = false;
  std::map<std::string, Replica> replicas_;  // by the source table's ARN
  KnownTables tables_;                       // of the replicas, unless the catalogue is outdated
};

}  // namespace dynamite
