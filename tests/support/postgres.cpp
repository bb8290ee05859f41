#include "support/postgres.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kWaitMax = 20s;
constexpr std::string_view kRolePassword = "role-password";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

std::string next_schema() {
  static int number = 0;
  return fmt::format("test_{}_{}", getpid(), number++);
}

}  // namespace

void PostgresTest::SetUp() {
  url_ = environment("DYNAMITE_TEST_PG_URL");
  ASSERT_FALSE(url_.empty())
      << "no PostgreSQL: start it with: tools/with-servers ctest --test-dir build/release -L pg";
  schema_ = next_schema();
  state_ = schema_ + "_state";
  query("CREATE SCHEMA " + schema_);
}

void PostgresTest::TearDown() {
  if (url_.empty() || environment("DYNAMITE_KEEP_TEST_DB") == "1") return;
  drop_tables();
  query(fmt::format("DROP SCHEMA IF EXISTS {}, {} CASCADE", schema_, state_));
  for (const std::string& role : roles_) {
    query(fmt::format("DROP OWNED BY {}", role));
    query(fmt::format("DROP ROLE {}", role));
  }
}

// In several transactions: one that drops thousands of tables needs more locks than the server has.
void PostgresTest::drop_tables() {
  for (;;) {
    const std::string tables = query(fmt::format(
        "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM (SELECT schemaname, "
        "tablename FROM pg_tables WHERE schemaname IN ('{}', '{}') LIMIT 200) AS chosen",
        schema_, state_));
    if (tables == "NULL") return;
    query(fmt::format("DROP TABLE {} CASCADE", tables));
  }
}

pg::Connection PostgresTest::connect(const std::string& application_name) const {
  auto connection = pg::Connection::open({.conninfo = url_, .application_name = application_name});
  connection.run("SET search_path = " + schema_);
  return connection;
}

pg::Connection& PostgresTest::control() {
  if (!control_ || control_->closed_by_peer()) {
    control_.reset();
    control_.emplace(connect("dynamite/test/control"));
  }
  return *control_;
}

std::string PostgresTest::query(std::string_view sql) {
  const pg::Result result = control().run(sql);
  std::string text;
  for (int row = 0; row < result.rows(); ++row) {
    if (row > 0) text += '\n';
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      if (column > 0) text += '|';
      text += result.text(row, column).value_or("NULL");
    }
  }
  return text;
}

void PostgresTest::wait_until(const std::string& sql) {
  const auto end = std::chrono::steady_clock::now() + kWaitMax;
  while (query(sql) != "t") {
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error{"waited in vain until " + sql};
    std::this_thread::sleep_for(2ms);
  }
}

void PostgresTest::wait_until_blocked(int pid) {
  wait_until(fmt::format("SELECT cardinality(pg_blocking_pids({})) > 0", pid));
}

std::string PostgresTest::make_role(const std::string& name) {
  roles_.push_back(name + "_" + schema_);
  query(fmt::format("CREATE ROLE {} LOGIN PASSWORD '{}'", roles_.back(), kRolePassword));
  return roles_.back();
}

std::string PostgresTest::url_of(const std::string& role) const {
  return fmt::format("postgresql://{}:{}{}", role, kRolePassword, url_.substr(url_.find('@')));
}

pg::Connection PostgresTest::connect_as(const std::string& role) const {
  return pg::Connection::open({.conninfo = url_of(role), .application_name = "dynamite/test"});
}

void crash_postgres() {
  const std::string command = environment("DYNAMITE_TEST_PG_CTL") + " crash >&2";
  if (std::system(command.c_str()) != 0) throw std::runtime_error{"failed: " + command};
}

}  // namespace dynamite::test
