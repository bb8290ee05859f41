#include <gmock/gmock.h>

#include <csignal>
#include <future>

#include "ingest/fixture.hpp"
#include "support/errors.hpp"
#include "support/interleaving.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

TEST_F(IngestTest, ConnectsAgainWithinTheEventWhenTheServerEndedTheConnection) {
  Ingest ingest{options()};
  handle(ingest, put_event("a", 1));
  ASSERT_EQ(terminate(), "1");

  handle(ingest, put_event("b", 2));

  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "2");
}

TEST_F(IngestTest, ConnectsAgainWhenAStatementFindsTheConnectionDead) {
  Ingest ingest{options()};
  handle(ingest, put_event("a", 1));
  std::future<IngestOutcome> outcome;
  {
    pg::Transaction holder{*connection};
    holder.run(
        fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.targets.front().qualified_name()));
    outcome = std::async(std::launch::async, [&] { return handle(ingest, put_event("b", 2)); });
    wait_until_handler_waits();
    terminate();
    wait_until_handler_waits();  // the second time
  }

  EXPECT_EQ(outcome.get().applied, 1U);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "2");
}

TEST_F(IngestTest, GivesUpWhenTheConnectionDiesTwice) {
  Ingest ingest{options()};
  ingest.prepare({});
  pg::Transaction holder{*connection};
  holder.run(
      fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.targets.front().qualified_name()));
  auto failure = std::async(std::launch::async,
                            [&] { return failure_of([&] { handle(ingest, put_event("b", 2)); }); });
  for (int i = 0; i < 2; ++i) {
    wait_until_handler_waits();
    terminate();
  }

  EXPECT_THAT(failure.get(), HasSubstr("transient: "));
}

TEST_F(IngestTest, APostgresThatCannotBeReachedIsTransient) {
  IngestOptions nowhere = options();
  nowhere.connect.conninfo = "postgresql://postgres@127.0.0.1:9/postgres";
  Ingest ingest{nowhere};

  EXPECT_THAT(failure_of([&] { handle(ingest, put_event("a", 1)); }), HasSubstr("transient: "));
}

TEST_F(IngestTest, AnswersInTimeWhenTheDeadlinePassesBehindALock) {
  Ingest ingest{options()};
  ingest.prepare({});
  std::string failure;
  const auto start = steady_clock::now();
  {
    pg::Transaction holder{*connection};
    holder.run(
        fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.targets.front().qualified_name()));
    failure = failure_of([&] { handle(ingest, put_event("a", 1), 400ms); });
  }

  EXPECT_THAT(failure, HasSubstr("transient: "));
  EXPECT_GE(steady_clock::now() - start, 400ms);
  EXPECT_LT(steady_clock::now() - start, 400ms + BatchApplier::kServerGrace + 1s);
  EXPECT_EQ(query("SELECT count(*) FROM " + orders.targets.front().qualified_name()), "0");

  handle(ingest, put_event("a", 1));
  EXPECT_EQ(query("SELECT pk FROM " + orders.targets.front().qualified_name()), "a");
}

TEST_F(IngestTest, AnswersInTimeWhenTheDeadlinePassesBehindALockOnTheCatalogue) {
  Ingest ingest{options()};
  pg::Transaction holder{*connection};
  holder.run(fmt::format("LOCK TABLE {}.replica IN ACCESS EXCLUSIVE MODE", state_schema()));
  const auto start = steady_clock::now();

  const std::string failure = failure_of([&] { handle(ingest, put_event("a", 1), 400ms); });

  EXPECT_THAT(failure, HasSubstr("transient: "));
  EXPECT_LT(steady_clock::now() - start, 400ms + BatchApplier::kServerGrace + 1s);
}

TEST_F(IngestTest, AStopEndsTheWaitForALock) {
  Ingest ingest{options()};
  ingest.prepare({});
  pg::Transaction holder{*connection};
  holder.run(
      fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.targets.front().qualified_name()));
  std::stop_source stop;
  auto failure = std::async(std::launch::async, [&] {
    return failure_of([&] {
      ingest.handle(put_event("a", 1), std::chrono::system_clock::now() + 60s, stop.get_token());
    });
  });
  wait_until_handler_waits();
  const auto start = steady_clock::now();
  stop.request_stop();

  EXPECT_THAT(failure.get(), HasSubstr("transient: "));
  EXPECT_LT(steady_clock::now() - start, 2s);
}

TEST_F(IngestTest, AnInvocationThatWakesUpAfterItsDeadlineAppliesNothing) {
  Ingest ingest{options()};
  handle(ingest, event_of({put_record("a", 1), remove_record("a", 2)}));

  EXPECT_THAT(failure_of([&] { handle(ingest, put_event("b", 3), -20s); }),
              HasSubstr("deadline passed 20000 ms ago"));

  EXPECT_EQ(rows(), "");
}

/// A ingest that logs in as a role of its own.
class RoleIngestTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    role_ = make_role("writer");
    for (const char* what : {"SCHEMA", "ALL TABLES IN SCHEMA"})
      query(fmt::format("GRANT ALL ON {} {}, {} TO {}", what, schema(), state_schema(), role_));
  }

  IngestOptions role_options() {
    IngestOptions of_role = options();
    of_role.connect.conninfo = url_of(role_);
    return of_role;
  }

  std::string role_;
};

TEST_F(RoleIngestTest, LeavesAServerThatHasBecomeReadOnly) {
  query(fmt::format("ALTER ROLE {} SET default_transaction_read_only = on", role_));
  Ingest ingest{role_options()};
  ingest.prepare({});
  query(fmt::format("ALTER ROLE {} RESET default_transaction_read_only", role_));

  const IngestOutcome outcome = handle(ingest, put_event("a", 1));

  EXPECT_EQ(outcome.applied, 1U);
  EXPECT_EQ(outcome.connects, 1U);
}

TEST_F(RoleIngestTest, TooManyConnectionsFailTheEventAndNotTheProcess) {
  query(fmt::format("ALTER ROLE {} CONNECTION LIMIT 0", role_));
  Ingest ingest{role_options()};
  const std::string failure = failure_of([&] { handle(ingest, put_event("a", 1)); });
  query(fmt::format("ALTER ROLE {} CONNECTION LIMIT -1", role_));

  EXPECT_THAT(failure, HasSubstr("transient: "));
  EXPECT_EQ(handle(ingest, put_event("a", 1)).applied, 1U);
}

TEST_F(RoleIngestTest, ALockTimeoutOfTheDbasDoesNotEndAnEventThatWaits) {
  query(fmt::format("ALTER ROLE {} SET lock_timeout = '20ms'", role_));
  Ingest ingest{role_options()};
  ingest.prepare({});
  std::optional<pg::Transaction> holder{std::in_place, *connection};
  holder->run(
      fmt::format("LOCK TABLE {} IN EXCLUSIVE MODE", orders.targets.front().qualified_name()));
  auto waiting =
      std::async(std::launch::async, [&] { return handle(ingest, put_event("a", 1)).applied; });
  wait_until(
      "SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = '" + role_ +
      "' AND wait_event_type = 'Lock' AND state_change < clock_timestamp() - interval '60 ms'");

  holder.reset();

  EXPECT_EQ(waiting.get(), 1U);
}

TEST_F(IngestTest, LeavesAConnectionThatHasFallenSilent) {
  IngestOptions wary = options();
  wary.idle_trust = 0ms;
  Ingest ingest{wary};
  ingest.prepare({});
  const auto server = static_cast<pid_t>(std::stoi(query(fmt::format(
      "SELECT pid FROM pg_stat_activity WHERE application_name = '{}'", application()))));
  ASSERT_EQ(kill(server, SIGSTOP), 0);

  const auto start = steady_clock::now();
  const IngestOutcome outcome = handle(ingest, put_event("a", 1));
  const auto time = steady_clock::now() - start;
  kill(server, SIGCONT);

  EXPECT_EQ(outcome.applied, 1U);
  EXPECT_EQ(outcome.connects, 1U);
  EXPECT_LT(time, 20s);  // of the minute that the event has
}

TEST_F(IngestTest, AFullDiskAppliesNothingAndIsTransient) {
  query(fmt::format(R"(CREATE FUNCTION {}.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.pk = 'b' THEN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END IF;
  RETURN NEW;
END $$)",
                    schema()));
  query(
      fmt::format("CREATE TRIGGER full_disk BEFORE INSERT ON {} FOR EACH ROW "
                  "EXECUTE FUNCTION {}.full_disk()",
                  orders.targets.front().qualified_name(), schema()));
  Ingest ingest{options()};
  const std::string event = event_of({put_record("a", 1), put_record("b", 2)});

  EXPECT_THAT(failure_of([&] { handle(ingest, event); }), HasSubstr("transient: "));

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(dead_letters(), "");
  query(fmt::format("DROP TRIGGER full_disk ON {}", orders.targets.front().qualified_name()));
  EXPECT_EQ(handle(ingest, event).applied, 2U);
}

/// A ingest whose first INSERT into `orders` waits until it is let go, its snapshot taken.
class SleepingIngestTest : public IngestTest {
 protected:
  SleepingIngestTest() = default;

  void start(std::chrono::milliseconds time) {
    gate_.emplace(*this, "INSERT", orders.targets.front().qualified_name());
    IngestOptions gated = options();
    gated.connect.application_name = "dynamite/test/gated";
    sleeping_.emplace(gated);
    failure_ = std::async(std::launch::async, [this, time] {
      return failure_of([&] { handle(*sleeping_, put_event("a", 1), time); });
    });
    wait_until(
        fmt::format("SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%{}%' AND "
                    "application_name = 'dynamite/test/gated' AND wait_event_type = 'Lock'",
                    orders.targets.front().qualified_name()));
  }

  std::optional<StatementGate> gate_;
  std::optional<Ingest> sleeping_;
  std::future<std::string> failure_;
};

TEST_F(SleepingIngestTest, BringsNothingBackWhenItWakesUpAfterTheRemove) {
  Ingest other{options()};
  start(60s);
  handle(other, put_event("a", 1));  // Lambda's repeat
  handle(other, remove_event("a", 2));

  gate_->open();

  EXPECT_EQ(failure_.get(), "");
  EXPECT_EQ(rows(), "");
}

TEST_F(SleepingIngestTest, EndsAtItsDeadlineAndAppliesNothing) {
  Ingest other{options()};
  start(1s);

  EXPECT_THAT(failure_.get(), HasSubstr("transient: "));
  handle(other, remove_event("a", 2));
  gate_->open();

  wait_until(
      fmt::format("SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE '%{}%' AND "
                  "application_name = 'dynamite/test/gated' AND state = 'active'",
                  orders.targets.front().qualified_name()));
  EXPECT_EQ(rows(), "");
}

}  // namespace
}  // namespace dynamite::test
