#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <future>
#include <thread>

#include "pg/connection.hpp"
#include "pg/connection_fixture.hpp"
#include "pg/pg_error.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using pg::Connection;
using pg::Params;
using pg::PgError;
using pg::Statement;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;
TEST_F(ConnectionTest, TellsItsNameToTheServer) {
  Connection connection = connect("dynamite/replicate/Orders");

  EXPECT_EQ(connection.run("SHOW application_name").at(0, 0), "dynamite/replicate/Orders");
  EXPECT_EQ(connection.run("SHOW client_encoding").at(0, 0), "UTF8");
}

TEST_F(ConnectionTest, KnowsItsServerProcess) {
  Connection connection = connect();

  EXPECT_EQ(connection.run("SELECT pg_backend_pid()").number(0, 0), connection.backend_pid());
}

TEST_F(ConnectionTest, MeasuresTheServersClock) {
  EXPECT_LT(std::chrono::abs(connect().clock_offset()), 1s);
}

TEST_F(ConnectionTest, ReturnsAResultForEachStatement) {
  Connection connection = connect();

  const auto results = connection.run(
      statements({"SELECT 1 WHERE false", "SELECT 2", "CREATE TEMPORARY TABLE t AS SELECT 3 AS x",
                  "UPDATE t SET x = 4"}));

  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(results[0].rows(), 0);
  EXPECT_EQ(results[1].at(0, 0), "2");
  EXPECT_EQ(results[3].tag(), "UPDATE 1");
  EXPECT_EQ(results[3].affected(), 1U);
}

TEST_F(ConnectionTest, AFailureThrowsAndTheConnectionStaysUsable) {
  Connection connection = connect();

  const Error error = error_of([&] {
    connection.run(statements({"SELECT 1", "SELECT 1/0", "SELECT 2"}));
  });

  EXPECT_EQ(error.kind(), Error::Kind::poison);
  EXPECT_EQ(connection.run("SELECT 5").at(0, 0), "5");
}

TEST_F(ConnectionTest, AnErrorCarriesSqlStateAndConstraint) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int CONSTRAINT small CHECK (x < 5))");

  try {
    connection.run("INSERT INTO t VALUES (7)");
    FAIL();
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "23514");
    EXPECT_EQ(error.constraint(), "small");
    EXPECT_STREQ(error.what(),
                 "PostgreSQL refused a value (SQLSTATE 23514), table \"t\", constraint \"small\"");
  }
}

TEST_F(ConnectionTest, AnErrorAboutAValueDoesNotShowIt) {
  Connection connection = connect();

  const Error error = error_of([&] { connection.run("SELECT 'secret'::integer"); });

  EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
}

TEST_F(ConnectionTest, NullWhereAValueIsNeededIsABug) {
  Connection connection = connect();
  const pg::Result result = connection.run("SELECT NULL, 'x'");

  EXPECT_EQ(result.text(0, 0), std::nullopt);
  EXPECT_EQ(error_of([&] { result.at(0, 0); }).kind(), Error::Kind::bug);
  EXPECT_EQ(error_of([&] { result.number(0, 1); }).kind(), Error::Kind::bug);
}

// --- what the server says at the end ---

TEST_F(ConnectionTest, ASessionThatIsEndedWhileIdleSaysTheServersReason) {
  Connection connection = connect();
  query(fmt::format("SELECT pg_terminate_backend({})", connection.backend_pid()));
  wait_until_gone(connection.backend_pid());

  const Error error = error_of([&] { connection.run("SELECT 1"); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("terminating connection due to administrator command"));
  EXPECT_THAT(error.what(), Not(HasSubstr("abnormally")));
}

TEST_F(ConnectionTest, ASessionThatIsEndedByATimeoutNamesTheSetting) {
  Connection connection = connect();
  connection.run("SET idle_session_timeout = 50");
  wait_until_gone(connection.backend_pid());

  const Error error = error_of([&] { connection.run("SELECT 1"); });

  EXPECT_THAT(error.what(), HasSubstr("idle-session timeout (SQLSTATE 57P05)"));
}

TEST_F(ConnectionTest, ASessionThatIsEndedInAStatementSaysTheServersReason) {
  Connection connection = connect();
  auto waiting = std::async(
      std::launch::async, [&] { return error_of([&] { connection.run("SELECT pg_sleep(20)"); }); });
  wait_until(
      fmt::format("SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = {} AND state = "
                  "'active'",
                  connection.backend_pid()));
  query(fmt::format("SELECT pg_terminate_backend({})", connection.backend_pid()));

  const Error error = waiting.get();

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("terminating connection due to administrator command"));
  EXPECT_FALSE(connection.usable());
}

// --- what the server is ---

TEST_F(ConnectionTest, ADatabaseOfAnotherEncodingIsRefused) {
  for (const std::string encoding : {"LATIN1", "SQL_ASCII"}) {
    const std::string name = fmt::format("{}_{}", schema(), encoding);
    query(
        fmt::format("CREATE DATABASE \"{}\" TEMPLATE template0 ENCODING '{}' LC_COLLATE 'C' "
                    "LC_CTYPE 'C'",
                    name, encoding));

    const Error error = error_of([&] {
      Connection::open(
          {.conninfo = url(), .application_name = "test", .parameters = {{"dbname", name}}});
    });

    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_EQ(error.what(), fmt::format("the database \"{}\" has the encoding {}, but a replica "
                                        "needs UTF8",
                                        name, encoding));
    query(fmt::format("DROP DATABASE \"{}\" WITH (FORCE)", name));
  }
}

TEST_F(ConnectionTest, ATriggerThatNamesNoSchemaIsToldHow) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int)");
  connection.run(
      "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN INSERT INTO audit VALUES (1); RETURN NEW; END'");
  connection.run("CREATE TRIGGER note BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()");

  const Error error = error_of([&] { connection.run("INSERT INTO t VALUES (1)"); });

  EXPECT_THAT(error.what(), HasSubstr("relation \"audit\" does not exist"));
  EXPECT_THAT(error.hint(), HasSubstr("ALTER FUNCTION … SET search_path"));
}

TEST_F(ConnectionTest, APolicyThatHidesRowsIsAnErrorWithItsMend) {
  const std::string role = make_role("reader");
  query("CREATE TABLE t (x int)");
  query("ALTER TABLE t ENABLE ROW LEVEL SECURITY");
  query("CREATE POLICY ones ON t USING (x = 1)");
  query(fmt::format("GRANT USAGE ON SCHEMA {0} TO {1}", schema(), role));
  query(fmt::format("GRANT SELECT ON t TO {}", role));
  Connection connection = connect_as(role);

  const Error error =
      error_of([&] { connection.run(fmt::format("SELECT * FROM {}.t", schema())); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("row-level security"));
  EXPECT_THAT(error.hint(), HasSubstr("BYPASSRLS"));
}

// --- connecting ---

TEST_F(ConnectionTest, AWrongPasswordIsUsage) {
  const std::string role = make_role("someone");
  const std::string host = url().substr(url().find('@'));

  const Error error = error_of([&] {
    Connection::open(
        {.conninfo = fmt::format("postgresql://{}:wrong{}", role, host), .application_name = "t"});
  });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("password authentication failed"));
  EXPECT_THAT(error.what(), Not(HasSubstr("wrong")));
}

TEST_F(ConnectionTest, AnUnknownDatabaseIsUsage) {
  const std::string nowhere = url().substr(0, url().rfind('/')) + "/nowhere";

  EXPECT_EQ(
      error_of([&] { Connection::open({.conninfo = nowhere, .application_name = "t"}); }).kind(),
      Error::Kind::usage);
}

TEST_F(ConnectionTest, AClosedPortIsTransient) {
  EXPECT_EQ(
      error_of([] {
        Connection::open({.conninfo = "postgresql://u@127.0.0.1:1/d", .application_name = "t"});
      }).kind(),
      Error::Kind::transient);
}

// --- waiting ---

TEST_F(ConnectionTest, ADeadlineEndsTheWaitForALock) {
  Connection holder = connect();
  holder.run("SELECT pg_advisory_lock(hashtext($1))", std::move(Params{}.text(schema())));
  Connection connection = connect();
  const auto begin = steady_clock::now();

  const Error error = error_of([&] {
    connection.run("SELECT pg_advisory_lock(hashtext($1))", std::move(Params{}.text(schema())),
                   {.deadline = begin + 100ms});
  });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_FALSE(connection.usable());
  EXPECT_LT(steady_clock::now() - begin, 2s);
}

TEST_F(ConnectionTest, AfterAStopACallHasAGraceToEnd) {
  Connection connection = connect();
  std::stop_source stop;
  stop.request_stop();

  EXPECT_EQ(connection.run("SELECT pg_sleep(0.1), 7", {}, {.stop = stop.get_token()}).at(0, 1),
            "7");
}

TEST_F(ConnectionTest, AStopCancelsACallThatDoesNotEnd) {
  Connection connection = connect();
  std::stop_source stop;
  const auto begin = steady_clock::now();
  stop.request_stop();

  const Error error =
      error_of([&] { connection.run("SELECT pg_sleep(600)", {}, {.stop = stop.get_token()}); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("57014"));
  EXPECT_TRUE(connection.usable());
  EXPECT_LT(steady_clock::now() - begin, 2s);
}

TEST_F(ConnectionTest, AStopGivesUpACallWhoseServerDoesNotAnswer) {
  std::stop_source stop;
  Connection connection =
      Connection::open({.conninfo = url(), .application_name = "test"}, stop.get_token());
  const int pid = connection.backend_pid();
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  const auto begin = steady_clock::now();
  stop.request_stop();

  const Error error = error_of([&] { connection.run("SELECT 1"); });
  kill(pid, SIGCONT);

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("did not end when it was stopped"));
  EXPECT_FALSE(connection.usable());
  EXPECT_LT(steady_clock::now() - begin, 3s);
}

TEST_F(ConnectionTest, AConnectionThatWasGivenUpAnswersTransient) {
  Connection connection = connect();
  EXPECT_ANY_THROW(connection.run("SELECT pg_sleep(600)", {}, {.deadline = steady_clock::now()}));

  EXPECT_EQ(error_of([&] { connection.run("SELECT 1"); }).kind(), Error::Kind::transient);
  EXPECT_TRUE(connection.closed_by_peer());
}

TEST_F(ConnectionTest, AServerProcessKilledInMidStatementIsTransient) {
  Connection connection = connect();
  const int pid = connection.backend_pid();
  std::jthread killer{[&] {
    Connection other = connect();
    const auto asleep = [&] {
      return other
                 .run("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1::int",
                      std::move(Params{}.number(pid)))
                 .text(0, 0) == "t";
    };
    while (!asleep()) std::this_thread::sleep_for(1ms);
    other.run("SELECT pg_terminate_backend($1::int)", std::move(Params{}.number(pid)));
  }};

  const Error error = error_of([&] { connection.run("SELECT pg_sleep(600)"); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
}

TEST_F(ConnectionTest, APeerThatClosedIsNoticedWithoutAsking) {
  Connection connection = connect();
  EXPECT_FALSE(connection.closed_by_peer());
  const int pid = connection.backend_pid();

  query(fmt::format("SELECT pg_terminate_backend({})", pid));
  wait_until_gone(pid);

  // The server forgets the process a moment before its socket closes.
  for (int look = 0; look < 500 && !connection.closed_by_peer(); ++look)
    std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(connection.closed_by_peer());
}

TEST_F(ConnectionTest, AnUnaskedMessageIsNotAClosedPeer) {
  Connection connection = connect();
  connection.run("LISTEN news");
  query("NOTIFY news");
  connection.run("SELECT 1");
  query("NOTIFY news");

  EXPECT_FALSE(connection.closed_by_peer());
  EXPECT_EQ(connection.run("SELECT 5").at(0, 0), "5");
}

// A client that sends everything before it reads would wait for ever: the server stops reading
// while its answers are not taken.
TEST_F(ConnectionTest, LargeParametersWithLargeResultsDoNotDeadlock) {
  Connection connection = connect();
  const std::string large(5'000'000, 'x');
  std::vector<Statement> echoes;
  for (int i = 0; i < 10; ++i) {
    echoes.push_back({"SELECT $1, $1", {}});
    echoes.back().params.text(large);
  }

  const auto results = connection.run(echoes, {.deadline = steady_clock::now() + 60s});

  ASSERT_EQ(results.size(), 10U);
  EXPECT_EQ(results[9].at(0, 1), large);
}

}  // namespace
}  // namespace dynamite::test
