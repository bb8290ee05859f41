#include <fmt/format.h>

#include <map>

#include "pg/pipeline.hpp"
#include "pg/session.hpp"
#include "support/errors.hpp"
#include "support/pgbouncer.hpp"
#include "support/postgres.hpp"

namespace dynamite::test {
namespace {

class SessionTest : public PostgresTest {
 protected:
  static std::string setting(pg::Connection& connection, const std::string& name) {
    return std::string{connection.run("SHOW " + name).at(0, 0)};
  }
  static std::string prepared(pg::Connection& connection) {
    pg::Statement statement{"SELECT $1", {}};
    statement.params.number(1);
    pg::run_transaction(connection, {&statement, 1});
    return std::string{connection.run("SELECT count(*) FROM pg_prepared_statements").at(0, 0)};
  }
};

TEST_F(SessionTest, TheServersOwnSessionIsTunedAndKeepsStatements) {
  pg::Connection connection = open_for_applying({.conninfo = url(), .application_name = "test"});

  EXPECT_TRUE(connection.is_direct());
  EXPECT_EQ(setting(connection, "enable_seqscan"), "off");
  EXPECT_EQ(setting(connection, "enable_hashjoin"), "off");
  EXPECT_EQ(setting(connection, "enable_mergejoin"), "off");
  EXPECT_EQ(setting(connection, "jit"), "off");
  EXPECT_EQ(setting(connection, "default_toast_compression"), "lz4");
  EXPECT_EQ(prepared(connection), "1");
}

TEST_F(SessionTest, WhatARoleWasSetToDoesNotReachOurStatements) {
  const std::string role = make_role("odd");
  for (const char* setting :
       {"search_path = public, pg_catalog", "row_security = on", "statement_timeout = 300",
        "lock_timeout = 300", "idle_in_transaction_session_timeout = 300",
        "idle_session_timeout = 300", "default_transaction_isolation = serializable",
        "bytea_output = escape", "datestyle = 'SQL, DMY'", "intervalstyle = iso_8601",
        "timezone = 'Asia/Kathmandu'", "standard_conforming_strings = off",
        "synchronous_commit = off"})
    query(fmt::format("ALTER ROLE {} SET {}", role, setting));

  pg::Connection connection =
      pg::Connection::open({.conninfo = url_of(role), .application_name = "test"});

  const std::map<std::string, std::string> pinned{
      {"search_path", "pg_catalog, pg_temp"},
      {"row_security", "off"},
      {"statement_timeout", "0"},
      {"lock_timeout", "0"},
      {"idle_in_transaction_session_timeout", "5min"},
      {"idle_session_timeout", "0"},
      {"default_transaction_isolation", "read committed"},
      {"bytea_output", "hex"},
      {"datestyle", "ISO, YMD"},
      {"intervalstyle", "postgres"},
      {"timezone", "UTC"},
      {"standard_conforming_strings", "on"},
      {"synchronous_commit", "on"}};
  for (const auto& [name, value] : pinned) EXPECT_EQ(setting(connection, name), value) << name;
  EXPECT_NO_THROW(connection.run("SELECT pg_sleep(0.4)"));
}

TEST_F(SessionTest, AStricterCommitThatWasChosenStays) {
  const std::string role = make_role("strict");
  query(fmt::format("ALTER ROLE {} SET synchronous_commit = remote_apply", role));

  pg::Connection connection =
      pg::Connection::open({.conninfo = url_of(role), .application_name = "test"});

  EXPECT_EQ(setting(connection, "synchronous_commit"), "remote_apply");
}

TEST_F(SessionTest, APoolersSessionIsPinnedForEachTransactionAndNoLonger) {
  const std::string role = make_role("pooled");
  query(fmt::format("ALTER ROLE {} SET search_path = public, pg_catalog", role));
  query(fmt::format("ALTER ROLE {} SET statement_timeout = 7000", role));
  PgBouncer pooler{url_of(role), 1};
  const auto left_behind = [&] {
    const std::unique_ptr<PGconn, Closer<PQfinish>> other{PQconnectdb(pooler.url().c_str())};
    const pg::Result row{PQexec(other.get(),
                                "SELECT current_setting('search_path') || ' ' || "
                                "current_setting('statement_timeout')")};
    return std::string{row.at(0, 0)};
  };
  pg::Connection connection =
      pg::Connection::open({.conninfo = pooler.url(), .application_name = "test"});

  EXPECT_EQ(setting(connection, "search_path"), "pg_catalog, pg_temp");
  EXPECT_EQ(left_behind(), "public, pg_catalog 7s");
  pg::Transaction transaction{connection};
  EXPECT_EQ(transaction.run("SHOW search_path").at(0, 0), "pg_catalog, pg_temp");
  transaction.commit();
  EXPECT_EQ(left_behind(), "public, pg_catalog 7s");
  const pg::Statement asks{"SHOW statement_timeout", {}};
  EXPECT_EQ(pg::run_transaction(connection, {&asks, 1}).at(0).at(0, 0), "0");
  EXPECT_EQ(left_behind(), "public, pg_catalog 7s");
}

TEST_F(SessionTest, ACompressionThatWasChosenStays) {
  const std::string role = make_role("chooser");
  query(fmt::format("ALTER ROLE {} SET default_toast_compression = pglz", role));

  pg::Connection connection =
      open_for_applying({.conninfo = url_of(role), .application_name = "test"});

  EXPECT_EQ(setting(connection, "default_toast_compression"), "pglz");
}

TEST_F(SessionTest, APoolersSessionIsLeftAsItIs) {
  PgBouncer pooler{url(), 1};
  pg::Connection plain = pg::Connection::open({.conninfo = pooler.url(), .application_name = "t"});
  const std::string seqscan = setting(plain, "enable_seqscan");
  const std::string compression = setting(plain, "default_toast_compression");

  pg::Connection connection =
      open_for_applying({.conninfo = pooler.url(), .application_name = "test"});

  EXPECT_FALSE(connection.is_direct());
  EXPECT_EQ(setting(connection, "enable_seqscan"), seqscan);
  EXPECT_EQ(setting(connection, "default_toast_compression"), compression);
  EXPECT_EQ(prepared(connection), "0");
  EXPECT_EQ(error_of([&] { require_direct_connection(connection); }).kind(), Error::Kind::usage);
}

}  // namespace
}  // namespace dynamite::test
