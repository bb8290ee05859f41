#pragma once

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

bool table_is_there(pg::Connection& connection, const Target& target);

/// Throws Error{usage} if something else than a table has the target's name.
void require_table_or_nothing(pg::Connection& connection, const Replica& wanted,
                              const Target& target);

/// Throws Error{usage} unless the target's table has the columns and the primary key that it
/// needs, and is no replica of another source. Further columns are the DBA's.
void check_columns(pg::Connection& connection, const Replica& wanted, const Target& target);

}  // namespace dynamite
