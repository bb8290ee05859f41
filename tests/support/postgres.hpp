#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "pg/connection.hpp"

namespace dynamite::test {

/// A test on the server of DYNAMITE_TEST_PG_URL, with two schemas of its own, so that tests run
/// beside each other in one database. They are dropped at the end, unless DYNAMITE_KEEP_TEST_DB
/// is 1.
class PostgresTest : public ::testing::Test {
 public:
  /// A new connection, whose own search path begins with the test's schema.
  pg::Connection connect(const std::string& application_name = "dynamite/test") const;

  /// The rows as text: columns parted by `|`, rows by line ends, NULL as `NULL`.
  std::string query(std::string_view sql);

  /// Returns when `sql` answers `t`. Fails the test after 20 s.
  void wait_until(const std::string& sql);
  /// Returns when the server process `pid` waits for a lock of another.
  void wait_until_blocked(int pid);

  const std::string& url() const { return url_; }
  const std::string& schema() const { return schema_; }       ///< of replicas; it exists
  const std::string& state_schema() const { return state_; }  ///< does not exist yet

  /// A role of this test, `NAME_` and the schema's name, that can log in; dropped at the end.
  std::string make_role(const std::string& name);
  std::string url_of(const std::string& role) const;
  pg::Connection connect_as(const std::string& role) const;

 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  pg::Connection& control();
  void drop_tables();

  std::string url_, schema_, state_;
  std::vector<std::string> roles_;
  std::optional<pg::Connection> control_;
};

/// Kills the server of tools/with-servers and starts it again. For tests that have it to
/// themselves.
void crash_postgres();

}  // namespace dynamite::test
