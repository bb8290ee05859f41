#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

bool table_is_there(pg::Connection& connection, const Target& target);

/// Throws Error{usage} if something else than a table has the target's name.
void require_table_or_nothing(pg::Connection& connection, const Replica& wanted,
                              const Target& target);

/// A column as the database has it.
struct FoundColumn {
  std::string name;
  std::string type;               ///< as type_in_catalogue
  std::int64_t key_position = 0;  ///< in the primary key, from 1; 0: none
  bool not_null = false;
  std::string comment{};
};

/// The columns of the target's table, ours and the DBA's, in their order.
std::vector<FoundColumn> find_columns(pg::Connection& connection, const Target& target);

/// Throws Error{usage} unless the target's table has the columns and the primary key that it
/// needs, and is no replica of another source. Further columns are the DBA's.
void check_columns(pg::Connection& connection, const Replica& wanted, const Target& target);

/// Throws Error{usage} if something else than a history has the name of the target's.
void require_history_or_nothing(pg::Connection& connection, const Target& target);

/// Throws Error{usage} if a DBA has dropped a column of the registered replica that holds something
/// of the item, has given it another type, or has made it NOT NULL. Nothing is asked for targets
/// without columns of attributes.
void check_attribute_columns(pg::Connection& connection, const Replica& replica);

}  // namespace dynamite
