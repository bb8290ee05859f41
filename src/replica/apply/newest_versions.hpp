#pragma once

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
  std::vector<Version> versions;  ///< of each key's row or tombstone, in the order of the keys
};

/// `keys`: canonical, at least one. Throws Error{poison} if PostgreSQL cannot hold one.
NewestVersions newest_versions(pg::Connection& connection, const Replica& table,
                               std::span<const std::string> keys);

}  // namespace dynamite
