#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pg/pg_error.hpp"
#include "pg/pipeline.hpp"
#include "replica/apply/applier.hpp"

namespace dynamite {

/// One transaction of Applier: the statements of docs/protocol.md in their order, first all in one
/// pipeline; if a record is poison, again by bisection with savepoints.
class ApplyTransaction {
 public:
  ApplyTransaction(pg::Connection& connection, const ApplySql& sql, const ApplyRequest& request,
                   const ApplyOptions& options, const pg::Limits& limits);

  /// `letters`: records that are dead letters already. `last`: this
  /// transaction writes the checkpoint. Returns rows applied and dead letters written.
  ApplyOutcome run(const PreparedTransaction& prepared, std::vector<DeadLetter> letters, bool last);

  // The two halves of run() in the good case, for rows that are made and without a checkpoint.
  // Another transaction may be sent in between (see pg::Pipeline).

  void send(const PreparedTransaction& prepared);
  /// Throws what it was refused for, whatever ApplyOptions::on_poison says.
  ApplyOutcome finish();

 private:
  using Statements = std::vector<pg::Statement>;

  bool run_copy(const CopyRows& copy, std::vector<DeadLetter> letters);
  void note_changes(std::span<const Change> changes, bool last);
  void send_pipeline(const PreparedTransaction& prepared, std::vector<DeadLetter> letters);
  void collect();
  void require_no_poison(const Rows& rows) const;
  void run_bisected(std::span<const Change> changes, std::vector<DeadLetter> letters);
  void bisect(pg::Transaction& transaction, std::span<const Change> changes,
              std::vector<DeadLetter>& letters);

  void set_aside(pg::Transaction& transaction, const Change& change, const pg::PgError& refusal,
                 std::vector<DeadLetter>& letters);
  /// What was refused; absent: all is done.
  std::optional<pg::PgError> try_within_savepoint(pg::Transaction& transaction,
                                                  Statements statements);

  void add_prologue(Statements& out) const;
  void add_rows(Statements& out, const Rows& rows) const;
  void add_puts(Statements& out, const RowArrays& puts, const std::string& lowest_version) const;
  void add_after_puts(Statements& out, const Rows& rows) const;
  void add_removes(Statements& out, const Rows& rows) const;
  void add_rechecks(Statements& out, const Rows& rows) const;
  void add_tombstones(Statements& out, const Rows& rows) const;
  void add_stamps(Statements& out, const Rows& rows) const;
  void add_letters(Statements& out, std::span<const DeadLetter> letters) const;
  void add_epilogue(Statements& out) const;
  pg::Params& add_statement(Statements& out, const std::string& sql, const RowArrays& keys) const;
  void count_applied(std::string_view sql, const pg::Result& result);

  pg::Connection& connection_;
  const ApplySql& sql_;
  const ApplyRequest& request_;
  const ApplyOptions& options_;
  const pg::Limits& limits_;
  bool last_ = false;
  std::optional<std::string> lowest_generation_;  // of the changes
  ApplyOutcome outcome_;
  std::optional<pg::Pipeline> pipeline_;
  std::vector<std::string_view> sent_;  // the SQL of what is in it
};

}  // namespace dynamite
