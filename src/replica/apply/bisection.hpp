#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"
#include "pg/pg_error.hpp"
#include "replica/apply/statements.hpp"
#include "replica/apply/target_changes.hpp"

namespace dynamite {

/// Finds the keys whose changes PostgreSQL refuses, by halves within savepoints. The changes of
/// such a key become dead letters, the others are applied. What one target refuses is applied to
/// none, so that an item that moves from one to another is always in one of them.
class Bisection {
 public:
  /// All outlive it.
  Bisection(pg::Transaction& transaction, const Statements& statements,
            std::span<const Target> targets, const PreparedTransaction& prepared)
      : transaction_{transaction},
        statements_{statements},
        targets_{targets},
        changes_{prepared.changes.begin(), prepared.changes.end()},
        history_{prepared.history.begin(), prepared.history.end()},
        is_read_back_{prepared.is_read_back} {}

  void run();

  std::uint64_t applied() const noexcept { return applied_; }
  const std::vector<DeadLetter>& letters() const noexcept { return letters_; }

 private:
  void run(std::span<const std::string_view> keys);
  std::vector<Rows> rows_of(std::span<const std::string_view> keys) const;
  void set_aside(std::string_view key, const pg::PgError& refusal);
  void tell_the_sweep(const TargetChanges& changes, std::span<const Rows> rows);
  void attempt_one(Step step);
  Steps steps_of(std::size_t target, const Rows& rows) const;
  void add_letters_of(std::span<const Rows> rows);
  /// What was refused; absent: all is done.
  std::optional<pg::PgError> attempt(Steps steps);

  pg::Transaction& transaction_;
  const Statements& statements_;
  const std::span<const Target> targets_;
  const TargetChanges changes_, history_;
  const bool is_read_back_;
  std::uint64_t applied_ = 0;
  std::vector<DeadLetter> letters_;
};

}  // namespace dynamite
