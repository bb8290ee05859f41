#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.hpp"

namespace dynamite {

/// A row of the view `status`, and when its follower gave a sign of life.
struct TableStatus {
  std::int32_t target_id = 0;
  std::string table, replica, layout, state, problem, follower;
  std::int64_t rows = 0, records = 0, items_scanned = 0, dead_letters = 0, open_gaps = 0;
  std::int64_t undeletable_rows = 0;  // of the dead letters
  // Of the records and of the scanned items: those whose item no target takes.
  std::int64_t untaken = 0, items_untaken = 0;
  std::int64_t epoch = 0, completed_epoch = 0, shards_open = 0;
  bool needs_pass = false;                            // to show what the mapping says
  std::optional<std::int64_t> lag_ms = {};            // newest record applied
  std::optional<std::int64_t> since_applied_ms = {};  // last commit of a record
  bool daemon_lives = false;                          // it holds the session lock
  std::optional<std::int64_t> since_sign_ms = {};     // of life, from whoever follows
  bool configured = true;                             // the caller says so

  bool healthy() const;

  /// Why nobody follows the table although one should; empty: somebody does, or nobody should.
  std::string silence() const;

  /// What a person has to mend.
  std::string trouble() const { return problem.empty() ? silence() : problem; }
};

/// All targets, by the source table's name.
std::vector<TableStatus> read_status(pg::Connection& connection, const std::string& state_schema);

/// Of all replicas together.
struct OpenProblems {
  std::int64_t gaps = 0, dead_letters = 0;
};

OpenProblems count_open_problems(pg::Connection& connection, const std::string& state_schema);

}  // namespace dynamite
