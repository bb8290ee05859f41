#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "core/apply_options.hpp"
#include "core/batch.hpp"
#include "ingest/known_replicas.hpp"

namespace dynamite {

/// The changes of a batch, replaced by what the source has now (source/read_back.hpp).
using ReadBack = std::function<Batch(const Batch&, std::stop_token)>;

/// Which records are read back.
enum class ReadBackOf : std::uint8_t {
  needed,        ///< see must_be_read_back
  every_record,  ///< for records that come by another way than their stream in order
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
  std::shared_ptr<const HashKey> hash_key{};  ///< of targets that hash; null: none is given
  ApplyOptions apply;
  CreateReplica create_replica{};  ///< empty: replicas are never created
  /// For records that must be read back. Empty: they are refused.
  ReadBack read_back{};
  ReadBackOf read_back_of = ReadBackOf::needed;
  /// Of Ingest: with OnPoison::stop, an event is applied up to the first record that is refused,
  /// and IngestOutcome::first_failure names this record. Otherwise all of the event is refused.
  bool report_batch_item_failures = false;
  Host host = Host::lambda;
  /// A connection that was not used for so long is asked whether it still answers.
  std::chrono::milliseconds idle_trust{30'000};
};

}  // namespace dynamite
