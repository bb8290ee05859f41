#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/apply_options.hpp"
#include "pg/connection.hpp"
#include "pg/pg_error.hpp"
#include "replica/state/key_ranges.hpp"

namespace dynamite {

struct SweepOutcome {
  std::uint64_t deleted = 0;
  std::uint64_t kept = 0;  ///< rows that PostgreSQL does not let go: each a dead letter

  SweepOutcome& operator+=(const SweepOutcome& more) noexcept {
    deleted += more.deleted;
    kept += more.kept;
    return *this;
  }
};

/// Takes out the rows of one target that a pass did not meet, in key ranges: deletes them, or keeps
/// them as those of removed items (MappingRules::keep_removed); docs/protocol.md,
/// "Passes". Nothing is deleted unless the pass is being swept. Safe to repeat.
class Sweep {
 public:
  Sweep(pg::Connection& connection, const Replica& table, const Target& target, std::int32_t epoch,
        const ApplyOptions& options);

  /// Throws Error: `poison` with OnPoison::stop, `usage` where there are too many dead letters.
  SweepOutcome run(std::stop_token stop);

 private:
  /// A row that must go.
  struct Ghost {
    KeyText key;
    std::string version;  ///< the newest that is known of the key
  };
  /// Why a row cannot go.
  struct Refusal {
    const Ghost& ghost;
    std::string reason, sqlstate, constraint;
  };
  /// Statements for the rows that `where` chooses among them, `t`.
  struct Sql {
    std::string covered;   ///< takes out rows that a newer tombstone covers
    std::string unmet;     ///< takes out rows that the pass did not write
    std::string any_left;  ///< whether some are left
    std::string ghosts;    ///< which
  };

  Sql sql_for(const std::string& where) const;
  Sql deleting_sql(const std::string& covered, const std::string& unmet) const;
  Sql keeping_sql(const std::string& covered, const std::string& unmet) const;
  std::string chosen(const std::string& where) const;
  void sweep_history(const std::stop_token& stop);
  std::string gone() const;
  std::string and_noted() const;
  SweepOutcome sweep_range(const KeyRange& range);
  pg::Params range_params(const KeyRange& range) const;
  SweepOutcome sweep_bisected(const Sql& sql, const KeyRange& range);
  std::vector<Ghost> ghosts(pg::Transaction& transaction, const Sql& sql, pg::Params params);
  std::uint64_t bisect(pg::Transaction& transaction, std::span<const Ghost> ghosts,
                       std::vector<Refusal>& refused);
  void write_letters(pg::Transaction& transaction, std::span<const Refusal> refused);

  pg::Connection& connection_;
  const Replica& table_;
  const Target& target_;
  const std::int32_t epoch_;
  const ApplyOptions options_;
  const KeyColumns& keys_;
  Sql listed_;  // for keys that are given one by one
};

}  // namespace dynamite
