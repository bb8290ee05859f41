#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include "support/local_dynamodb.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kStopMax = 5s;

/// A table that a daemon follows.
class HealthTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    table_ = source_.create_table("Health", keys(KeyType::S));
    source_.api().put_item(table_, item("a", "1"));
    daemon_.emplace(std::vector<std::string>{DYNAMITE_PROGRAM, "replicate", "--table", table_},
                    environment());
    wait_until(state_is("following"));
  }

  std::map<std::string, std::string> environment() const {
    return {{"DYNAMITE_URL", url()},
            {"DYNAMITE_SCHEMA", schema()},
            {"DYNAMITE_STATE_SCHEMA", state_schema()},
            {"AWS_ENDPOINT_URL", source_.endpoint()}};
  }
  Finished run(std::vector<std::string> command) const {
    command.insert(command.end(), {"--table", table_});
    return run_program(std::move(command), environment());
  }
  std::string replica() const { return fmt::format(R"({}."{}")", schema(), table_); }
  std::string state_is(const std::string& state) const {
    return fmt::format(
        "SELECT to_regclass('{0}.replica') IS NOT NULL AND (xpath('/row/c/text()', query_to_xml("
        "'SELECT count(*) AS c FROM {0}.replica WHERE state = ''{1}''', true, true, '')))[1]::text "
        "= '1'",
        state_schema(), state);
  }
  std::string follower() {
    return query(fmt::format("SELECT follower FROM {}.replica", state_schema()));
  }
  void kill_connections() {
    query(
        fmt::format("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
                    "application_name = 'dynamite/replicate'"));
  }
  /// Signals the daemon and returns its exit status. It must end in time.
  int stop(int number) {
    const auto begin = steady_clock::now();
    daemon_->signal(number);
    const int status = daemon_->wait();
    EXPECT_LT(steady_clock::now() - begin, kStopMax);
    return status;
  }

  LocalDynamoDb source_;
  std::string table_;
  std::optional<Process> daemon_;
};

TEST_F(HealthTest, OfADaemonThatLivesIsTold) {
  const Finished status = run({"status", "--json"});

  EXPECT_EQ(status.status, 0) << status.output;
  EXPECT_THAT(status.output, AllOf(HasSubstr(R"("healthy":true)"), HasSubstr(R"("problem":null)")));
}

TEST_F(HealthTest, EndsWithADaemonThatIsKilled) {
  EXPECT_EQ(stop(SIGKILL), 128 + SIGKILL);
  wait_until(
      "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = "
      "'dynamite/replicate'");

  const Finished status = run({"status"});

  EXPECT_EQ(status.status, 3);
  EXPECT_THAT(status.output, AllOf(HasSubstr("its daemon is gone, and Lambda is refused"),
                                   HasSubstr("dynamite release --table " + table_)));
  EXPECT_EQ(run({"release"}).status, 0);
  EXPECT_EQ(run({"status"}).status, 0);
}

TEST_F(HealthTest, EndsWithADaemonThatHangs) {
  daemon_->signal(SIGSTOP);
  const std::string used =
      "SELECT clock_timestamp() - a.state_change > interval '31 s' FROM pg_stat_activity a "
      "WHERE a.application_name = 'dynamite/replicate' AND EXISTS (SELECT FROM pg_locks k "
      "WHERE k.pid = a.pid AND k.locktype = 'advisory')";
  for (int look = 0; look < 700 && query(used) != "t"; ++look) std::this_thread::sleep_for(100ms);

  const Finished status = run({"status"});

  EXPECT_EQ(status.status, 3);
  EXPECT_THAT(status.output, HasSubstr("its daemon has given no sign of life for 3"));
  daemon_->signal(SIGCONT);
}

TEST_F(HealthTest, EndsWhereMaintainComesNoMore) {
  EXPECT_EQ(stop(SIGTERM), 0);
  EXPECT_EQ(run({"status"}).status, 0);
  query(fmt::format("UPDATE {}.replica SET followed_at = now() - interval '150 minutes'",
                    state_schema()));

  const Finished status = run({"status"});

  EXPECT_EQ(status.status, 3);
  EXPECT_THAT(status.output, HasSubstr("nobody has followed it for 2.5 h"));
}

TEST_F(HealthTest, ASignalOfALostTerminalGivesTheTableBack) {
  EXPECT_EQ(stop(SIGHUP), 0);

  EXPECT_EQ(follower(), "lambda");
}

TEST_F(HealthTest, NohupOutlivesTheTerminal) {
  EXPECT_EQ(stop(SIGTERM), 0);
  daemon_.emplace(
      std::vector<std::string>{"/usr/bin/nohup", DYNAMITE_PROGRAM, "replicate", "--table", table_},
      environment());
  wait_until(state_is("following"));

  daemon_->signal(SIGHUP);
  std::this_thread::sleep_for(1s);

  EXPECT_TRUE(daemon_->running());
  EXPECT_EQ(follower(), "daemon");
  EXPECT_EQ(stop(SIGTERM), 0);
}

TEST_F(HealthTest, TheTableIsGivenBackAlsoIfTheConnectionsAreJustLost) {
  kill_connections();

  EXPECT_EQ(stop(SIGTERM), 0);

  EXPECT_EQ(follower(), "lambda");
  EXPECT_EQ(run({"status"}).status, 0);
}

TEST_F(HealthTest, AStopDoesNotWaitForADbasLock) {
  pg::Connection dba = connect();
  pg::Transaction holder{dba};
  holder.run(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", replica()));
  source_.api().put_item(table_, item("a", "2"));
  wait_until(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = "
      "'dynamite/replicate' AND wait_event_type = 'Lock'");

  EXPECT_EQ(stop(SIGTERM), 0);

  EXPECT_EQ(follower(), "lambda");
}

TEST_F(HealthTest, NorDoesOneThatIsBlockedInTheStateTables) {
  pg::Connection dba = connect();
  pg::Transaction holder{dba};
  holder.run(fmt::format("LOCK TABLE {}.replica IN ACCESS EXCLUSIVE MODE", state_schema()));
  wait_until(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = "
      "'dynamite/replicate' AND wait_event_type = 'Lock'");

  stop(SIGTERM);

  EXPECT_THAT(daemon_->errors(), HasSubstr("could not give the table back"));
}

TEST_F(HealthTest, NorDoesOneWhoseServerIsFrozen) {
  const std::string pid = query(
      "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE application_name = "
      "'dynamite/replicate'");
  ASSERT_EQ(std::system(("kill -STOP " + pid).c_str()), 0);

  stop(SIGTERM);

  ASSERT_EQ(std::system(("kill -CONT " + pid).c_str()), 0);
}

TEST_F(HealthTest, OtherCommandsStopBehindALockToo) {
  EXPECT_EQ(stop(SIGTERM), 0);
  pg::Connection dba = connect();
  pg::Transaction holder{dba};
  for (const std::string& table : {replica(), state_schema() + ".replica"})
    holder.run(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", table));
  const std::vector<std::vector<std::string>> commands{
      {"status"},  {"compare"},   {"snapshot"},     {"replicate", "--once"},
      {"release"}, {"bootstrap"}, {"dead-letters"}, {"dead-letters", "retry", "--all"},
      {"verifydb"}};
  for (std::vector<std::string> arguments : commands) {
    const std::string command = arguments.front();
    arguments.insert(arguments.begin(), DYNAMITE_PROGRAM);
    if (command != "verifydb") arguments.insert(arguments.end(), {"--table", table_});
    Process process{arguments, environment()};
    wait_until(
        fmt::format("SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = "
                    "'dynamite/{}' AND wait_event_type = 'Lock'",
                    command));
    const auto begin = steady_clock::now();

    process.signal(SIGTERM);

    EXPECT_EQ(process.wait(), 1) << command;
    EXPECT_LT(steady_clock::now() - begin, kStopMax) << command;
  }
}

}  // namespace
}  // namespace dynamite::test
