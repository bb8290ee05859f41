#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"
#include "pg/pg_error.hpp"

namespace dynamite {

/// Deferred constraints are checked with each statement from then on: a refusal is found within
/// the savepoint of what it refuses.
inline constexpr std::string_view kConstraintsNow = "SET CONSTRAINTS ALL IMMEDIATE";

/// What became of statements within a savepoint.
struct Attempt {
  std::vector<pg::Result> results;     ///< of each, the savepoint's too; empty if refused
  std::optional<pg::PgError> refusal;  ///< poison: nothing of them is done
};

/// Runs the statements within a savepoint, whose own statements are put around them in place.
/// Throws every error but poison.
Attempt attempt_within_savepoint(pg::Transaction& transaction,
                                 std::vector<pg::Statement>& statements);

}  // namespace dynamite
