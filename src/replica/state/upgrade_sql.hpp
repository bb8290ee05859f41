#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "replica/state/replica.hpp"

namespace dynamite {

/// What a role may do with the table `replica`.
struct StateGrant {
  std::string role;        ///< quoted, or PUBLIC
  std::string privileges;  ///< as GRANT takes them
};

/// The statements that make a state schema of an older version one of kCatalogueVersion. What a
/// role may do with `replica`, it may do with tables of targets that are new then. No replica is
/// touched. `replicas_of_version_1`: all of them.
std::vector<std::string> upgrade_sql(const std::string& state_schema, int from_version,
                                     const std::vector<Replica>& replicas_of_version_1,
                                     const std::vector<StateGrant>& grants);

/// The statements that make what programs of older versions meet, which tells them that they are
/// too old. `create`: CREATE or CREATE OR REPLACE.
std::vector<std::string> refusals_sql(const std::string& state_schema, std::string_view create);

}  // namespace dynamite
