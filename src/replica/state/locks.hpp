#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/statement.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// The keys of a replica's advisory locks. They contain the state schema, so that several
/// environments can share a database.
struct LockKeys {
  std::int32_t
      transaction_class;     ///< held shared by who applies, exclusively at a pass's boundaries
  std::int32_t alive_class;  ///< held by the session of the daemon that follows the table
  std::int32_t replica;
};

LockKeys lock_keys(const Replica& table);

/// Takes LockKeys::transaction_class, shared: until the transaction ends no pass starts or ends.
pg::Statement lock_shared(const Replica& table);

/// SQL of the check that `hold_mapping` makes.
std::string require_mapping_sql(const Replica& table);

/// Begins a transaction that works by the mapping as `table` has it: lock_shared, and PgError
/// kMappingChanged if the replica has another one by now. So what follows finds the tables and
/// columns of that mapping. `require_mapping`: of require_mapping_sql; lives until it ran.
std::vector<pg::Statement> hold_mapping(const Replica& table, const std::string& require_mapping);

/// LockKeys::alive_class of every replica of that state schema.
std::int32_t alive_lock_class(const std::string& state_schema);

}  // namespace dynamite
