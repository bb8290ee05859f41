#include <gmock/gmock.h>

#include <regex>

#include "ingest/fixture.hpp"
#include "support/statement_log.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Of RDS Proxy: longer ones pin the connection.
constexpr std::size_t kStatementBytesMax = 16'384;

/// Why a pooler that shares connections between transactions cannot carry the statement; empty if
/// it can.
std::string unfit(const Executed& statement) {
  const auto matches = [&](const char* pattern) {
    return std::regex_search(statement.sql,
                             std::regex{pattern, std::regex::icase | std::regex::ECMAScript});
  };
  if (!statement.name.empty()) return "a named prepared statement";
  if (statement.sql.size() > kStatementBytesMax) return "too long";
  if (matches(R"(^\s*(SET|RESET)\s+(?!LOCAL\b|CONSTRAINTS\b|TRANSACTION\b))")) return "a SET";
  if (matches(R"(set_config\([^)]*,\s*false\s*\))")) return "a SET";
  if (matches(R"(pg_(try_)?advisory_lock)")) return "a lock of the session";
  if (matches(R"(^\s*(PREPARE|LISTEN|DISCARD|LOAD|DECLARE|DEALLOCATE)\b)"))
    return "something of the session";
  if (matches(R"(\bTEMP(ORARY)?\b)")) return "a temporary object";
  return "";
}

TEST(PoolerStatements, WhatKeepsASessionIsRecognised) {
  const std::string longest = "SELECT " + std::string(kStatementBytesMax, '1');
  for (const Executed& bad : std::vector<Executed>{{"s1", "SELECT 1"},
                                                   {"", "SET statement_timeout = 1"},
                                                   {"", " reset all"},
                                                   {"", "SET SESSION AUTHORIZATION x"},
                                                   {"", "SELECT set_config('a.b', $1, false)"},
                                                   {"", "SELECT pg_advisory_lock(1)"},
                                                   {"", "SELECT pg_try_advisory_lock_shared(1, 2)"},
                                                   {"", "LISTEN x"},
                                                   {"", "PREPARE x AS SELECT 1"},
                                                   {"", "CREATE TEMP TABLE x ()"},
                                                   {"", longest}})
    EXPECT_NE(unfit(bad), "") << bad.sql.substr(0, 40);
  for (const char* good : {"SET LOCAL lock_timeout = '2s'", "SET CONSTRAINTS ALL IMMEDIATE",
                           "SELECT set_config('statement_timeout', $1, true)",
                           "SELECT pg_advisory_xact_lock_shared(1)", "BEGIN"})
    EXPECT_EQ(unfit({"", good}), "") << good;
}

/// A role whose statements the server's log holds, and nobody else's.
class StatementLogTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    role_ = make_role("logged");
    for (const char* what : {"SCHEMA", "ALL TABLES IN SCHEMA"})
      query(fmt::format("GRANT ALL ON {} {}, {} TO {}", what, schema(), state_schema(), role_));
    query(fmt::format("ALTER ROLE {} SET log_statement = 'all'", role_));
    query(fmt::format("ALTER ROLE {} SET log_parameter_max_length = 0", role_));
  }

  IngestOptions logged() const {
    IngestOptions logged = options();
    logged.connect.conninfo = url_of(role_);
    return logged;
  }

  std::string role_;
};

TEST_F(StatementLogTest, HoldsNothingThatNeedsASession) {
  query(fmt::format("ALTER TABLE {} ADD CHECK (item ->> 'v' <> '13')",
                    orders.targets.front().qualified_name()));
  IngestOptions logged_options = logged();
  logged_options.idle_trust = std::chrono::milliseconds{0};
  Ingest ingest{logged_options};
  std::vector<std::string> records;
  for (std::uint64_t number = 1; number <= 2'000; ++number)
    records.push_back(put_record(fmt::format("key {}", number), number));

  EXPECT_EQ(handle(ingest, event_of(records)).dead_letters, 1U);
  handle(ingest, remove_event("key 7", 3'000));
  ASSERT_EQ(handle(ingest, put_event("key 8", 3'001)).applied, 1U);

  const auto seen = logged_statements(role_);
  ASSERT_THAT(seen, SizeIs(testing::Gt(20U)));
  EXPECT_THAT(seen, Contains(testing::Field(&Executed::sql,
                                            AllOf(HasSubstr("INSERT"), HasSubstr("tombstone")))));
  for (const Executed& statement : seen)
    EXPECT_EQ(unfit(statement), "") << statement.name << ": " << statement.sql.substr(0, 200);
}

}  // namespace
}  // namespace dynamite::test
