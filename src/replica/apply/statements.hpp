#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/apply_options.hpp"
#include "pg/connection.hpp"
#include "replica/apply/request.hpp"
#include "replica/apply/rows.hpp"
#include "replica/apply/target_sql.hpp"
#include "replica/state/source_sql.hpp"

namespace dynamite {

/// The statements of one replica. Made once.
struct ReplicaSql {
  explicit ReplicaSql(const Replica& replica);

  SourceSql source;
  std::string dead_letter;         ///< SourceSql::dead_letter_anew where keys are hashed
  std::vector<TargetSql> targets;  ///< in the order of the replica's
};

/// What the result of a statement says of rows that are applied.
enum class Counts : std::uint8_t {
  nothing,
  affected,    ///< each row that it affected
  value,       ///< its first value
  taken_back,  ///< each row that it affected, which was counted before
};

struct Step {
  pg::Statement statement;
  Counts counts = Counts::nothing;
};

using Steps = std::vector<Step>;

/// `applied` after the step gave `result`.
std::uint64_t count(std::uint64_t applied, const Step& step, const pg::Result& result);

/// The statements of a transaction, in the order in which these functions stand here:
/// docs/protocol.md, "One transaction". The steps hold views of the rows and letters that they are
/// made of.
class Statements {
 public:
  /// All outlive it.
  Statements(const ReplicaSql& sql, const ApplyRequest& request, const ApplyOptions& options)
      : sql_{sql}, request_{request}, options_{options} {}

  /// Takes the lock, discards retried dead letters, and checks what must hold. `lowest_generation`:
  /// of the changes.
  Steps begin(const std::optional<std::string>& lowest_generation,
              std::chrono::system_clock::time_point now) const;

  Step put(std::size_t target, const RowKeys& keys, const RowValues& values,
           const std::string& lowest_version) const;
  Steps after_puts(std::size_t target, const AfterPuts& after) const;
  /// Deletes the rows of scanned items, as the sweep would where rows are not kept. For targets
  /// that keep rows.
  Step untaken(std::size_t target, const KeyArrays& keys) const;
  /// Notes attributes of a target in the state schema, if there are any.
  Steps notes(std::size_t target, std::span<const AttributeNote> notes) const;
  /// Adds to the target's history, if it has one.
  Steps history(std::size_t target, const AfterPuts& after) const;

  /// Replaces the removes of `after` if they were refused. Behind this lock no put is in flight, so
  /// that no placeholder is made.
  Steps remove_behind_lock(std::size_t target, const AfterPuts& after) const;
  /// Keeps the sweep from the rows of scanned items that are put aside.
  Steps stamp(std::size_t target, std::span<const RowKeys> rows) const;

  Steps letters(std::span<const DeadLetter> letters) const;
  /// `last`: the whole batch, if this is its last transaction, which writes the checkpoint; else
  /// null. `clock_offset`: see pg::Connection.
  Steps end(const PreparedBatch* last, std::chrono::microseconds clock_offset) const;

 private:
  Step with_follower(std::optional<std::int64_t> owner,
                     const std::optional<std::string>& lowest_generation) const;
  Step checkpoint(const Checkpoint& checkpoint, const PreparedBatch& whole) const;

  const ReplicaSql& sql_;
  const ApplyRequest& request_;
  const ApplyOptions& options_;
};

}  // namespace dynamite
