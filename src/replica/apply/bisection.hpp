#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pg/connection.hpp"
#include "pg/pg_error.hpp"
#include "replica/apply/statements.hpp"

namespace dynamite {

/// Finds the changes of a transaction that PostgreSQL refuses, by halves within savepoints. They
/// become dead letters, the others are applied.
class Bisection {
 public:
  /// All outlive it.
  Bisection(pg::Transaction& transaction, const Statements& statements,
            std::span<const Target> targets)
      : transaction_{transaction}, statements_{statements}, targets_{targets} {}

  void run(std::span<const Change> changes);

  std::uint64_t applied() const noexcept { return applied_; }
  const std::vector<DeadLetter>& letters() const noexcept { return letters_; }

 private:
  /// What was refused; absent: all is done.
  std::optional<pg::PgError> attempt(Steps steps);
  void set_aside(const Change& change, const pg::PgError& refusal);

  pg::Transaction& transaction_;
  const Statements& statements_;
  const std::span<const Target> targets_;
  std::uint64_t applied_ = 0;
  std::vector<DeadLetter> letters_;
};

}  // namespace dynamite
