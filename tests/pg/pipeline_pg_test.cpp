#include <gmock/gmock.h>

#include "pg/connection.hpp"
#include "pg/connection_fixture.hpp"
#include "pg/pg_error.hpp"
#include "pg/pipeline.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using pg::Connection;
using pg::PgError;
using pg::Statement;
using pg::Transaction;
using testing::HasSubstr;
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
