#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "decode/known_tables.hpp"
#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Makes the replica of the table with that ARN. May find that another process has just made it.
/// Throws Error if it cannot.
using CreateReplica =
    std::function<void(pg::Connection&, const std::string& table_arn, std::stop_token)>;

/// What is known of the catalogue, until it is found to be outdated.
class KnownReplicas {
 public:
  /// `create`: empty if replicas are never created. `hash_key`: as Catalogue's.
  KnownReplicas(std::string state_schema, CreateReplica create,
                std::shared_ptr<const HashKey> hash_key);

  /// The tables that have a replica, for decode_with.
  const KnownTables& tables() const noexcept { return tables_; }

  /// Null: the replica is not known.
  const Replica* find(const std::string& table_arn) const;

  /// The replica that `source` was found in. Null also if it has another key schema now.
  const Replica* find_unchanged(const SourceTable& source) const;

  /// Reads the catalogue unless it is known. Throws Error. References to replicas end then.
  void load_once(pg::Connection& connection);

  /// find(), also of a replica that was made since. Creates it if that is allowed. Throws
  /// Error{usage} if there is none.
  const Replica& find_or_create(const std::string& table_arn, pg::Connection& connection,
                                const std::stop_token& stop);

  /// The catalogue has changed: load_once() reads it again.
  void forget();

 private:
  void load(pg::Connection& connection);
  void create(const std::string& table_arn, pg::Connection& connection,
              const std::stop_token& stop);
  void refuse_other_arn(const std::string& table_arn) const;

  const std::string state_schema_;
  const CreateReplica create_;
  const std::shared_ptr<const HashKey> hash_key_;
  bool loaded_ = false;
  std::map<std::string, Replica> replicas_;  // by the source table's ARN
  KnownTables tables_;                       // of the replicas
};

}  // namespace dynamite
