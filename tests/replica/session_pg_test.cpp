#include <fmt/format.h>

#include "pg/pipeline.hpp"
#include "replica/session.hpp"
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
