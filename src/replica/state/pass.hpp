#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"
#include "replica/state/sweep.hpp"

namespace dynamite {

/// Where a replica stands with its snapshot passes.
struct PassState {
  enum class Phase : std::uint8_t { none, running, sweeping };

  Phase phase = Phase::none;
  std::int32_t epoch = 0;               ///< of the last pass that was started
  std::int32_t completed_epoch = 0;     ///< of the last pass that was completed; 0: never
  std::int32_t since_epoch = 0;         ///< of the first pass that can fill all targets
  std::int32_t segments = 0;            ///< of the pass that runs
  std::uint64_t oldest_generation = 0;  ///< PassStart's, of the last pass
  std::optional<std::chrono::seconds> since_start;  ///< of the last pass; absent: there was none
  bool gap_open = false;                            ///< a gap that no completed pass has healed
  bool gap_since_start = false;                     ///< … noticed after the running pass began

  /// No complete pass has filled all targets as their mappings say.
  bool needs_pass() const noexcept { return completed_epoch < since_epoch; }
  /// What has made the pass that runs useless: a gap, or a mapping that changed meanwhile.
  bool is_overtaken() const noexcept { return gap_since_start || epoch < since_epoch; }
};

/// What a pass begins with.
struct PassStart {
  std::int32_t segments = 1;
  /// Records of older streams are older than all that the pass reads: they are not applied any
  /// more.
  std::uint64_t oldest_generation = 0;
};

/// The boundaries of the snapshot passes of one replica; docs/protocol.md, "Passes".
class Passes {
 public:
  Passes(pg::Connection& connection, const Replica& table)
      : connection_{connection}, table_{table} {}

  PassState state(const pg::Limits& limits = {});
  std::int32_t epoch() { return state().epoch; }

  /// Starts a new pass and returns its epoch. The first page may be read only after this returns.
  std::int32_t start(const PassStart& with, std::stop_token stop);

  bool replica_is_empty();  ///< no target has a row

  /// All segments are committed: refuses further puts of pass `epoch`.
  void begin_sweep(std::int32_t epoch, std::stop_token stop);

  /// Deletes the rows of all targets that the pass did not meet, and completes it. May be called
  /// again after a crash. Throws as Sweep::run does.
  SweepOutcome sweep(std::int32_t epoch, const ApplyOptions& options, const std::stop_token& stop);

 private:
  void complete(std::int32_t epoch);
  void require_completed(std::int32_t epoch);

  pg::Connection& connection_;
  const Replica& table_;
};

/// Forgets tombstones that nothing can need any more: older than 48 h, twice a stream's retention,
/// while no pass runs. Returns how many.
std::uint64_t expire_tombstones(pg::Connection& connection, const Replica& table);

/// Deletes of the targets' histories what need not be kept (MappingRules::history_keep), and
/// returns how many rows. Of very many, some are left to the next call.
std::uint64_t expire_histories(pg::Connection& connection, const Replica& table);

/// Lane of segment `segment` of the pass `epoch`.
std::string segment_lane(std::int32_t epoch, std::int32_t segment);

}  // namespace dynamite
