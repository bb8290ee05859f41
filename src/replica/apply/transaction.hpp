#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pg/pipeline.hpp"
#include "replica/apply/noted_attributes.hpp"
#include "replica/apply/statements.hpp"

namespace dynamite {

/// What an applier keeps of a replica with one mapping.
struct AppliedReplica {
  explicit AppliedReplica(const Replica& replica) : sql{replica}, noted(replica.targets.size()) {}

  ReplicaSql sql;
  std::vector<NotedAttributes> noted;  ///< of each target
};

/// One transaction of Applier: first all statements in one pipeline; if a record is poison, again
/// by bisection.
class ApplyTransaction {
 public:
  /// All outlive it.
  ApplyTransaction(pg::Connection& connection, AppliedReplica& replica, const ApplyRequest& request,
                   const ApplyOptions& options, const pg::Limits& limits);

  /// `letters`: records that are dead letters already. `last`: the whole batch, if this is its last
  /// transaction, which writes the checkpoint; else null. Returns rows applied and dead letters
  /// written.
  ApplyOutcome run(const PreparedTransaction& prepared, std::vector<DeadLetter> letters,
                   const PreparedBatch* last);

  // The two halves of run() in the good case, for rows that are made and without a checkpoint.
  // Another transaction may be sent in between (see pg::Pipeline).

  void send(const PreparedTransaction& prepared);
  /// Throws what it was refused for, whatever ApplyOptions::on_poison says.
  ApplyOutcome finish();

 private:
  void note_changes(const PreparedTransaction& prepared);
  bool run_copy(const std::vector<CopiedRows>& rows, std::vector<DeadLetter> letters);
  void run_bisected(const PreparedTransaction& prepared, std::vector<DeadLetter> letters);

  void send_pipeline(const PreparedTransaction& prepared, std::vector<DeadLetter> letters);
  void send_puts(std::size_t target, const Rows& rows);
  void send_after_puts(std::size_t target, const AfterPuts& after,
                       std::vector<DeadLetter>& letters);
  void send_notes(std::size_t target, const AfterPuts& after);
  void add(Step step);
  void add(Steps steps);
  Steps begin_steps() const;
  Steps end_steps() const;
  void collect();
  void require_no_poison(const AfterPuts& after) const;

  pg::Connection& connection_;
  AppliedReplica& replica_;
  const ApplyRequest& request_;
  const ApplyOptions& options_;
  const pg::Limits& limits_;
  const Statements statements_;
  std::vector<std::vector<AttributeNote>> notes_;  // of each target, that are noted here
  const PreparedBatch* last_ = nullptr;
  std::optional<std::string> lowest_generation_;  // of the changes
  ApplyOutcome outcome_;
  std::optional<pg::Pipeline> pipeline_;
  Steps sent_;  // the pipeline's steps, without their parameters
};

}  // namespace dynamite
