#pragma once

#include <string>

namespace dynamite::test {

/// SQL that makes a schema in which everything that a statement may name without a schema is
/// somebody else's: functions, aggregates, operators (also those that the server lacks), types and
/// system tables. Whoever runs one of them gets an error that says "hijacked".
std::string hostile_schema_sql(const std::string& schema);

}  // namespace dynamite::test
