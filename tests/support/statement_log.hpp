#pragma once

#include <string>
#include <vector>

namespace dynamite::test {

/// A statement that the server of tools/with-servers executed.
struct Executed {
  std::string name;  ///< of the prepared statement; empty if it has none
  std::string sql;
};

/// What the server's log holds of the statements of `role`, whose log_statement must be `all`, in
/// the order in which they were executed.
std::vector<Executed> logged_statements(const std::string& role);

}  // namespace dynamite::test
