#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// What must be done to have a replica, as SQL that psql runs unchanged. Empty: all is there.
struct ReplicaPlan {
  bool creates_table = false;
  std::vector<std::string> sql;
};

/// The state schema's knowledge of replicas.
class Catalogue {
 public:
  Catalogue(pg::Connection& connection, std::string state_schema)
      : connection_{connection}, state_schema_{std::move(state_schema)} {}

  /// The version of the state schema; absent if there is none.
  std::optional<int> version();

  /// Throws Error{usage} if the state schema is missing or of a version that this program cannot
  /// use.
  void require_usable();

  /// All replicas, ordered by the source table's name.
  std::vector<Replica> load();

  /// The replica of the table with that ARN; absent if there is none.
  std::optional<Replica> find(std::string_view source_arn);

  /// SQL that makes the state schema, or nothing if it is there.
  std::vector<std::string> plan_state();

  /// SQL that makes and registers `wanted` (its id is ignored). A table that is there already is
  /// taken over if it has the columns and the primary key of a replica. Throws Error{usage} if it
  /// has others, if the source's key schema has changed, or if another source has that target.
  ReplicaPlan plan_replica(const Replica& wanted);

  /// SQL that makes the schema of the replica, or nothing if it is there.
  std::vector<std::string> plan_schema(const std::string& schema);

  /// SQL that lets the roles read the targets and the view `status`, as far as they cannot yet.
  std::vector<std::string> plan_grants(const Replica& replica,
                                       const std::vector<std::string>& roles);

  /// Runs DDL in one transaction that never waits long for a lock: it is repeated instead.
  void execute(const std::vector<std::string>& sql, std::stop_token stop = {});

 private:
  std::vector<Replica> select(std::string_view condition, pg::Params params);
  bool schema_is_there(const std::string& schema);
  void require_unchanged(const Replica& known, const Replica& wanted) const;
  bool table_is_there(const Target& target);
  void require_table_or_nothing(const Replica& wanted, const Target& target);
  void check_columns(const Replica& wanted, const Target& target);
  void check_target_is_free(const Replica& wanted, const Target& target);

  pg::Connection& connection_;
  std::string state_schema_;
};

}  // namespace dynamite
