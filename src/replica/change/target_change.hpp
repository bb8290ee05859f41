#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Another mapping of one target, a new target, or one that is let go.
struct TargetChange {
  std::int32_t target_id = 0;        ///< of the target whose mapping changes
  std::optional<Mapping> mapping{};  ///< absent: the target comes or goes, and `ddl` says it all
  std::vector<std::string> ddl{};    ///< what the table needs for it
  std::vector<std::string> words{};  ///< what becomes of the table and its rows, for people
  bool needs_pass = false;           ///< the rows that are there do not show what the mapping says
  bool reads_older_back = false;     ///< records made before it: Target::changed_at
};

/// The statements of one transaction that changes these targets of `replica`. The
/// transaction fails with kMappingChanged if the mapping has another number than the replica's.
std::vector<std::string> change_sql(const Replica& replica,
                                    const std::vector<TargetChange>& changes);

/// Changes the targets. False: somebody uses the table, and nothing was done. Appliers wait for a
/// part of a second at most. `attempt`: the first is 1, later ones wait longer.
bool try_change(pg::Connection& connection, const Replica& replica,
                const std::vector<TargetChange>& changes, int attempt = 1);

/// The values of the target's columns are all moved: none is `filling` any more.
void note_filled(pg::Connection& connection, const Replica& replica, Target& target);

/// Whether the session's role may alter the target's table.
bool may_alter(pg::Connection& connection, const Target& target);

/// The words about TargetChange::reads_older_back.
std::string older_records_are_read_back();

/// Where the replica has several targets, the words of the change begin with the name of this one.
void name_the_target(TargetChange& change, const Replica& replica, const Target& target);

/// The words about a column that is added and filled from `_rest`.
std::string added_in_place(const std::string& column);

/// `ALTER TABLE … ADD COLUMN` of the columns, and their comments; nothing for none.
std::vector<std::string> add_columns_sql(const Target& target,
                                         const std::vector<AttributeColumn>& columns);

}  // namespace dynamite
