#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/version.hpp"
#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// What a replica knows of some keys, in one snapshot.
struct NewestVersions {
  std::int32_t epoch = 0;         ///< the current one
  std::vector<Version> versions;  ///< of each key's rows and tombstones, in the order of the keys
  /// Of each key in the histories, rounded up to billionths; 0: they note nothing. They note
  /// records whose tombstones are forgotten.
  std::vector<Version> noted;
};

/// `keys`: canonical, as the replica has them (Replica::keys); at least one. Throws Error{poison}
/// if PostgreSQL cannot hold one.
NewestVersions newest_versions(pg::Connection& connection, const Replica& table,
                               std::span<const std::string> keys);

/// Which of the keys, given as above, by their places, have no row in `target` that the last pass
/// should have deleted: the row is gone, or a page or record wrote it since.
std::vector<std::size_t> without_ghost(pg::Connection& connection, const Replica& table,
                                       const Target& target, std::span<const std::string> keys);

// The statements behind these two; the keys are their parameters.
std::string newest_version_sql(const Replica& table);
std::string without_ghost_sql(const Replica& table, const Target& target);

}  // namespace dynamite
