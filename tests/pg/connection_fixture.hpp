#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>
#include <vector>

#include "pg/statement.hpp"
#include "support/postgres.hpp"

namespace dynamite::test {

class ConnectionTest : public PostgresTest {
 protected:
  /// The connection's view of the server process ended.
  void wait_until_gone(int pid) {
    wait_until(fmt::format("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {}", pid));
  }
  static std::vector<pg::Statement> statements(std::initializer_list<std::string_view> sql) {
    std::vector<pg::Statement> list;
    for (const auto text : sql) list.push_back({text, {}});
    return list;
  }
};

}  // namespace dynamite::test
