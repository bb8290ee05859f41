#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <future>
#include <thread>

#include "pg/connection.hpp"
#include "pg/pg_error.hpp"
#include "pg/pipeline.hpp"
#include "support/errors.hpp"
#include "support/postgres.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using pg::Connection;
using pg::Limits;
using pg::Params;
using pg::PgError;
using pg::Statement;
using pg::Transaction;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

class ConnectionTest : public PostgresTest {
 protected:
  /// The connection's view of the server process ended.
  void wait_until_gone(int pid) {
    wait_until(fmt::format("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {}", pid));
  }
  std::vector<Statement> statements(std::initializer_list<std::string_view> sql) {
    std::vector<Statement> list;
    for (const auto text : sql) list.push_back({text, {}});
    return list;
  }
};

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

TEST_F(ConnectionTest, ThousandsOfStatementsGoThroughOnePipeline) {
  Connection connection = connect();
  std::vector<Statement> many;
  for (int i = 0; i < 20'000; ++i) {
    many.push_back({"SELECT $1::bigint + 1", {}});
    many.back().params.number(i);
  }

  const auto results = connection.run(many);

  EXPECT_EQ(results.at(19'999).at(0, 0), "20000");
}

// --- transactions ---

TEST_F(ConnectionTest, ATransactionCommits) {
  Connection connection = connect();
  {
    Transaction transaction{connection};
    transaction.run("CREATE TABLE t AS SELECT 1 AS x");
    transaction.commit();
  }

  EXPECT_EQ(query("SELECT x FROM t"), "1");
}

TEST_F(ConnectionTest, ATransactionThatIsNotCommittedIsRolledBack) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int)");
  {
    Transaction transaction{connection};
    transaction.run("INSERT INTO t VALUES (1)");
  }

  EXPECT_EQ(connection.run("SELECT count(*) FROM t").at(0, 0), "0");
}

TEST_F(ConnectionTest, ATransactionIsReadCommittedWhateverTheDefault) {
  Connection connection = connect();
  connection.run("SET default_transaction_isolation = 'serializable'");
  Transaction transaction{connection};

  EXPECT_EQ(transaction.run("SHOW transaction_isolation").at(0, 0), "read committed");
}

TEST_F(ConnectionTest, ACommitThatWasTurnedIntoARollbackIsTransient) {
  Connection connection = connect();
  Transaction transaction{connection};
  EXPECT_ANY_THROW(transaction.run("SELECT 1/0"));

  const Error error = error_of([&] { transaction.commit(); });

  EXPECT_EQ(error.kind(), Error::Kind::transient);
  EXPECT_THAT(error.what(), HasSubstr("rolled the transaction back at its COMMIT"));
}

TEST_F(ConnectionTest, APipelinedTransactionIsAllOrNothing) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int)");

  EXPECT_THROW(run_transaction(connection, statements({"INSERT INTO t VALUES (1)", "SELECT 1/0"})),
               Error);
  const auto results =
      run_transaction(connection, statements({"INSERT INTO t VALUES (2)", "TABLE t"}));

  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[1].at(0, 0), "2");
  EXPECT_EQ(query("SELECT x FROM t"), "2");
}

TEST_F(ConnectionTest, APipelineThatIsNotCommittedIsRolledBack) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int)");

  {
    pg::Pipeline pipeline{connection, {}};
    pipeline.add({"INSERT INTO t VALUES (1)", {}});
  }

  EXPECT_TRUE(connection.usable());
  EXPECT_EQ(connection.run("SELECT count(*) FROM t").at(0, 0), "0");
}

TEST_F(ConnectionTest, APipelineThatFailedAndIsNotCommittedIsRolledBack) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int)");

  {
    pg::Pipeline pipeline{connection, {}};
    pipeline.add({"SELECT 1/0", {}});
    pipeline.add({"INSERT INTO t VALUES (1)", {}});
  }

  EXPECT_TRUE(connection.usable());
  EXPECT_EQ(connection.run("SELECT count(*) FROM t").at(0, 0), "0");
}

TEST_F(ConnectionTest, ThePipelineIsAtWorkWhileItIsMade) {
  Connection connection = connect();
  pg::Pipeline pipeline{connection, {}};
  const std::string text(1U << 20U, 'x');  // more than is held back

  pipeline.add({"SELECT pg_advisory_xact_lock(4711)", {}});
  Statement large{"SELECT length($1)", {}};
  large.params.text(text);
  pipeline.add(large);

  wait_until("SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711");
  EXPECT_EQ(pipeline.commit().at(1).at(0, 0), std::to_string(text.size()));
}

TEST_F(ConnectionTest, APipelineMayBeginBehindOneThatIsNotCommittedYet) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int)");
  pg::Pipeline first{connection, {}};
  first.add({"INSERT INTO t VALUES (1)", {}});
  first.end();

  pg::Pipeline second{connection, {}};
  second.add({"INSERT INTO t SELECT count(*) + 1 FROM t", {}});
  second.end();

  wait_until("SELECT count(*) = 2 FROM t");  // nobody has asked for the first one's results
  EXPECT_EQ(first.commit().at(0).affected(), 1U);
  EXPECT_EQ(second.commit().at(0).affected(), 1U);
}

TEST_F(ConnectionTest, APipelineBehindOneThatFailsFailsToo) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int)");
  {
    pg::Pipeline first{connection, {}};
    first.add({"SELECT 1/0", {}});
    first.end();
    pg::Pipeline second{connection, {}};
    second.add({"INSERT INTO t VALUES (2)", {}});
    second.end();

    EXPECT_EQ(error_of([&] { first.commit(); }).kind(), Error::Kind::poison);
  }

  EXPECT_TRUE(connection.usable());
  EXPECT_EQ(connection.run("SELECT count(*) FROM t").at(0, 0), "0");
}

// A server that reads nothing more until it is done with the first one cannot take the second.
TEST_F(ConnectionTest, TheResultsOfAPipelineDoNotWaitForWhatIsToBeSentBehindIt) {
  Connection connection = connect();
  pg::Pipeline first{connection, {}};
  first.add({"SELECT 1", {}});
  first.end();
  pg::Connection other = connect();
  pg::Transaction holder{other};
  holder.run("SELECT pg_advisory_xact_lock(4712)");
  pg::Pipeline second{connection, {}};
  second.add({"SELECT pg_advisory_xact_lock(4712)", {}});
  const std::string text(64U << 20U, 'x');  // more than the sockets take
  Statement large{"SELECT length($1)", {}};
  large.params.text(text);
  second.add(large);
  second.end();

  EXPECT_EQ(first.commit().at(0).at(0, 0), "1");
  holder.commit();
  EXPECT_EQ(second.commit().at(1).at(0, 0), std::to_string(text.size()));
}

TEST_F(ConnectionTest, ACommitThatADeferredConstraintRefusesThrows) {
  Connection connection = connect();
  connection.run("CREATE TABLE t (x int UNIQUE DEFERRABLE INITIALLY DEFERRED)");

  const Error error = error_of([&] {
    run_transaction(connection,
                    statements({"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)"}));
  });

  EXPECT_EQ(error.kind(), Error::Kind::poison);
  EXPECT_EQ(connection.run("SELECT count(*) FROM t").at(0, 0), "0");
}

TEST_F(ConnectionTest, AnAbortedTransactionDoesNotPoisonTheNext) {
  Connection connection = connect();
  connection.run("BEGIN");
  EXPECT_ANY_THROW(connection.run("SELECT 1/0"));

  connection.roll_back();

  EXPECT_EQ(connection.run("SELECT 5").at(0, 0), "5");
}

// --- prepared statements ---

class PreparedStatementsTest : public ConnectionTest {
 protected:
  void SetUp() override {
    ConnectionTest::SetUp();
    connection.emplace(connect());
    connection->run("CREATE TABLE t (x bigint PRIMARY KEY)");
    connection->prepare_statements();
  }

  /// Inserts the numbers in one transaction.
  void insert(std::initializer_list<std::int64_t> numbers) {
    std::vector<Statement> inserts;
    for (const std::int64_t number : numbers) {
      inserts.push_back({"INSERT INTO t VALUES ($1::bigint)", {}});
      inserts.back().params.number(number);
    }
    run_transaction(*connection, inserts);
  }

  std::string prepared() {
    return std::string{
        connection
            ->run("SELECT coalesce(string_agg(statement, ';' ORDER BY prepare_time), '') FROM "
                  "pg_prepared_statements")
            .at(0, 0)};
  }

  std::optional<Connection> connection;
};

TEST_F(PreparedStatementsTest, AStatementIsPreparedOnce) {
  insert({1, 2});
  insert({3});

  EXPECT_EQ(prepared(), "INSERT INTO t VALUES ($1::bigint)");
  EXPECT_EQ(query("SELECT sum(x) FROM t"), "6");
}

TEST_F(PreparedStatementsTest, AFailureBeforeThePreparationRepeatsIt) {
  std::vector<Statement> failing = statements({"SELECT 1/0"});
  failing.push_back({"INSERT INTO t VALUES ($1::bigint)", {}});
  failing.back().params.number(1);
  EXPECT_THROW(run_transaction(*connection, failing), PgError);
  EXPECT_EQ(prepared(), "");

  insert({1});

  EXPECT_EQ(query("SELECT x FROM t"), "1");
}

TEST_F(PreparedStatementsTest, AFailureBeforeThePreparationRepeatsItAlsoBehindTheFailure) {
  const auto insert_one = [](pg::Pipeline& pipeline) {
    Statement statement{"INSERT INTO t VALUES ($1::bigint)", {}};
    statement.params.number(1);
    pipeline.add(statement);
    pipeline.end();
  };
  {
    pg::Pipeline first{*connection, {}};
    first.add({"SELECT 1/0", {}});
    insert_one(first);
    pg::Pipeline second{*connection, {}};
    insert_one(second);
    EXPECT_THROW(first.commit(), PgError);
  }
  EXPECT_EQ(prepared(), "");

  insert({1});

  EXPECT_EQ(query("SELECT x FROM t"), "1");
}

TEST_F(PreparedStatementsTest, AStatementThatFailsStaysPrepared) {
  EXPECT_THROW(insert({1, 1}), PgError);

  insert({1});

  EXPECT_EQ(prepared(), "INSERT INTO t VALUES ($1::bigint)");
  EXPECT_EQ(query("SELECT x FROM t"), "1");
}

TEST_F(PreparedStatementsTest, AStatementThatCannotBePreparedFailsEachTime) {
  Statement statement{"INSERT INTO nowhere VALUES ($1)", {}};
  statement.params.number(1);
  const std::span wrong{&statement, 1};

  EXPECT_EQ(error_of([&] { run_transaction(*connection, wrong); }).kind(), Error::Kind::usage);
  EXPECT_EQ(error_of([&] { run_transaction(*connection, wrong); }).kind(), Error::Kind::usage);
  insert({1});

  EXPECT_EQ(query("SELECT x FROM t"), "1");
}

TEST_F(PreparedStatementsTest, AStatementThatTheServerForgotIsPreparedAgain) {
  insert({1});
  connection->run("DEALLOCATE ALL");

  EXPECT_EQ(error_of([&] { insert({2}); }).kind(), Error::Kind::transient);
  insert({3});

  EXPECT_EQ(query("SELECT string_agg(x::text, ',' ORDER BY x) FROM t"), "1,3");
}

TEST_F(PreparedStatementsTest, AChangedTableIsPlannedAgain) {
  insert({1});
  query("ALTER TABLE t ADD y text DEFAULT 'new'");

  insert({2});

  EXPECT_EQ(query("SELECT count(*) FROM t WHERE y = 'new'"), "2");
}

}  // namespace
}  // namespace dynamite::test
