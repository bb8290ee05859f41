#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// The state schema's knowledge of replicas.
class Catalogue {
 public:
  /// `hash_key`: given to the mappings that are read; null for who makes neither rows nor keys.
  Catalogue(pg::Connection& connection, std::string state_schema,
            std::shared_ptr<const HashKey> hash_key = {})
      : connection_{connection},
        state_schema_{std::move(state_schema)},
        hash_key_{std::move(hash_key)} {}

  /// Of one who has `known` already, and looks whether it has changed.
  Catalogue(pg::Connection& connection, const Replica& known)
      : Catalogue{connection, known.state_schema, known.hash_key()} {}

  /// The version of the state schema; absent if there is none.
  std::optional<int> version();

  /// Throws Error{usage} if the state schema is missing or of a version that this program cannot
  /// use.
  void require_usable();

  /// All replicas, ordered by the source table's name.
  std::vector<Replica> load();

  /// The replica of the table with that ARN; absent if there is none.
  std::optional<Replica> find(std::string_view source_arn);

  /// The number of each replica's mapping, by the replica's id.
  std::map<std::int32_t, std::int64_t> mapping_numbers();

  /// All replicas of a state schema of that older version.
  std::vector<Replica> load_older(int version);

 private:
  std::vector<Replica> select(int version, std::string_view condition, pg::Params params);
  std::vector<Replica> load_version_1();

  pg::Connection& connection_;
  std::string state_schema_;
  std::shared_ptr<const HashKey> hash_key_;
};

}  // namespace dynamite
