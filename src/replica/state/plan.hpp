#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/upgrade_sql.hpp"

namespace dynamite {

/// What must be done to have a replica, as SQL that psql runs unchanged. Empty: all is there.
struct ReplicaPlan {
  bool creates_table = false;
  std::vector<std::string> sql;
};

/// What is missing of the state schema and the replicas, as SQL.
class Planner {
 public:
  Planner(pg::Connection& connection, const std::string& state_schema)
      : connection_{connection},
        state_schema_{state_schema},
        catalogue_{connection, state_schema} {}

  /// SQL that makes the state schema, or upgrades one of an older version; nothing if it is there.
  std::vector<std::string> plan_state();

  /// SQL that makes and registers `wanted` (its id is ignored); nothing if its source has a
  /// replica, whatever targets that has. A table that is there already is taken over if it has the
  /// columns and the primary key of a replica. Throws Error{usage} if it has others, if the
  /// source's key schema has changed, or if another source has that target.
  ReplicaPlan plan_replica(const Replica& wanted);

  /// SQL that makes the schemas of the targets, as far as they are not there.
  std::vector<std::string> plan_schemas(std::span<const Target> targets);

  /// SQL that makes and registers another target of a registered replica; it needs a pass then. A
  /// table that is there is taken over, and errors are thrown, as by plan_replica. `replica` and
  /// the number of its mapping stay as they are: see change_sql.
  ReplicaPlan plan_target(const Replica& replica, const Target& target);

  /// SQL that forgets a target of a registered replica, its tombstones and all else that the state
  /// schema knows of it. The table stays with its rows, without the comment that calls it a
  /// replica.
  std::vector<std::string> plan_release(const Replica& replica, const Target& target);

  /// SQL that lets the roles read the targets and the view `status`, as far as they cannot yet.
  std::vector<std::string> plan_grants(const Replica& replica,
                                       const std::vector<std::string>& roles);

  /// The registered replica of a source, also of an older state schema; absent: there is none.
  std::optional<Replica> find(const std::string& source_arn);

  /// SQL that takes the replica away, its tables and all that the state schema knows of it.
  std::vector<std::string> plan_drop(const Replica& replica);

  /// Runs DDL in one transaction that never waits long for a lock: it is repeated instead.
  void execute(const std::vector<std::string>& sql, std::stop_token stop = {});

 private:
  void add_table(const Replica& wanted, const Target& target, ReplicaPlan& plan);
  std::optional<std::string> comment_on(const Target& target);
  bool schema_is_there(const std::string& schema);
  std::vector<Replica> registered();
  std::vector<StateGrant> state_grants();

  pg::Connection& connection_;
  std::string state_schema_;
  Catalogue catalogue_;
};

}  // namespace dynamite
