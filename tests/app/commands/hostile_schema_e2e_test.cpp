#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "decode/records.hpp"
#include "support/hostile_schema.hpp"
#include "support/local_dynamodb.hpp"
#include "support/pgbouncer.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"
#include "support/runtime_api.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// The role of Dynamite finds somebody else's operators, functions, types and tables before the
/// server's own, unless it says where it looks.
class HostileSchemaTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    hostile_ = schema() + "_hostile";
    query(hostile_schema_sql(hostile_));
    role_ = make_role("owner");
    const std::string database = query("SELECT current_database()");
    for (const std::string& sql :
         {fmt::format("GRANT CREATE, TEMPORARY ON DATABASE {} TO {}", database, role_),
          fmt::format("GRANT USAGE, CREATE ON SCHEMA {} TO {}", schema(), role_),
          fmt::format("GRANT USAGE ON SCHEMA {} TO {}", hostile_, role_),
          fmt::format("ALTER ROLE {} SET search_path = {}, pg_catalog, public", role_, hostile_)})
      query(sql);
    table_ = source_.create_table("Hostile", keys(KeyType::S, KeyType::N));
    write("a", 1);
  }
  void TearDown() override {
    query(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", hostile_));
    PostgresTest::TearDown();
  }

  void write(const std::string& key, int number) {
    source_.api().put_item(table_,
                           fmt::format(R"({{"pk":{{"S":"{}"}},"sk":{{"N":"{}"}}}})", key, number));
  }

  std::map<std::string, std::string> environment(const std::string& url) const {
    return {{"DYNAMITE_URL", url},
            {"DYNAMITE_SCHEMA", schema()},
            {"DYNAMITE_STATE_SCHEMA", state_schema()},
            {"AWS_ENDPOINT_URL", source_.endpoint()}};
  }

  /// Expects that the command ends with `status`, and met nothing of the hostile schema.
  std::string run(std::vector<std::string> command, int status = 0) {
    const std::string name = command.front();
    if (name != "verifydb") command.insert(command.end(), {"--table", table_});
    const Finished done = run_program(std::move(command), environment(url_of(role_)));
    EXPECT_EQ(done.status, status) << name << ": " << done.output << done.errors;
    EXPECT_THAT(done.output + done.errors, Not(HasSubstr("hijacked"))) << name;
    return done.output;
  }

  /// Runs SQL through psql with the role's own search path. Returns its exit status.
  int psql(const std::string& sql) const {
    const std::string path = ::testing::TempDir() + schema() + ".sql";
    std::ofstream{path} << sql;
    return std::system(
        fmt::format("psql --no-psqlrc -q -v ON_ERROR_STOP=1 -f {} '{}'", path, url_of(role_))
            .c_str());
  }

  std::string stream_record(const std::string& key, std::uint64_t sequence_number) {
    RecordText record;
    record.arn = "\"" + source_.api().describe_table(table_).latest_stream_arn + "\"";
    record.keys = fmt::format(R"({{"pk":{{"S":"{}"}},"sk":{{"N":"1"}}}})", key);
    record.new_image = record.keys;
    record.sequence_number = fmt::format("\"{}\"", sequence_number);
    return record.json();
  }

  LocalDynamoDb source_;
  std::string hostile_, role_, table_;
};

TEST_F(HostileSchemaTest, IsOneThatWorks) {
  for (const char* sql : {"SELECT 1 + 1", "SELECT now()", "SELECT 'x'::text", "SELECT max(1)",
                          "SELECT 1::bigint * interval '1 s'", "SELECT oid FROM pg_class"})
    EXPECT_NE(psql(sql), 0) << sql;
}

TEST_F(HostileSchemaTest, NoCommandRunsWhatIsInIt) {
  const std::string sql = run({"bootstrap", "--dry-run"});
  EXPECT_THAT(sql, ::testing::StartsWith("SET search_path = pg_catalog, pg_temp;"));
  EXPECT_EQ(psql(sql), 0);

  run({"bootstrap"});
  run({"replicate", "--once"});
  write("b", 2);
  run({"snapshot"});
  const std::string replica = fmt::format(R"({}."{}")", schema(), table_);
  query("ALTER TABLE " + replica + " ADD CONSTRAINT no_c CHECK (pk <> 'c') NOT VALID");
  write("c", 3);
  run({"replicate", "--once"});
  run({"status"}, 3);
  run({"dead-letters"});
  run({"dead-letters", "retry", "--all"}, 3);
  query("ALTER TABLE " + replica + " DROP CONSTRAINT no_c");
  run({"dead-letters", "retry", "--all"});
  query("DELETE FROM " + replica + " WHERE pk = 'a'");
  run({"compare"}, 3);
  run({"compare", "--repair"});
  run({"compare", "--sample", "2"});
  run({"compare"});
  run({"status", "--json"});
  run({"release"});
  run({"verifydb", "--events", "50"});
  const std::string file = ::testing::TempDir() + schema() + ".json";
  std::ofstream{file} << event_of({stream_record("a", 1), stream_record("d", 2)});
  run({"apply", file});
}

TEST_F(HostileSchemaTest, NorDoesAPromotionOrAChangedMapping) {
  const std::string file = ::testing::TempDir() + schema() + ".toml";
  const auto configure = [&](const std::string& rules) {
    std::ofstream{file} << "[[table]]\nname = \"" << table_ << "\"\nlayout = \"columns\"\n"
                        << rules;
  };
  configure("");
  run({"bootstrap", "--config", file});
  int items = 0;
  for (const char* attribute :
       {R"("tags":{"SS":["x"]})", R"("raw":{"B":"AA=="})", R"("n":{"N":"1"})"})
    source_.api().put_item(
        table_, fmt::format(R"({{"pk":{{"S":"c"}},"sk":{{"N":"{}"}},{}}})", ++items, attribute));
  run({"replicate", "--once", "--config", file});

  run({"bootstrap", "--config", file});
  run({"compare", "--config", file});
  configure("omit = [\"raw\"]\ncolumns = { n = \"bigint\" }\n");
  run({"bootstrap", "--drop-columns", "--config", file});
  run({"snapshot", "--config", file});
  run({"compare", "--config", file});
  run({"status", "--json", "--config", file});

  EXPECT_EQ(query(fmt::format(R"(SELECT sum(n), count(tags) FROM {}."{}")", schema(), table_)),
            "1|1");
}

TEST_F(HostileSchemaTest, NorDoesTheFunctionBehindAPooler) {
  run({"bootstrap"});
  PgBouncer pooler{url_of(role_), 1};
  RuntimeApi api;
  auto settings = environment(pooler.url());
  settings["AWS_LAMBDA_RUNTIME_API"] = api.address();
  const Process function{{DYNAMITE_PROGRAM}, settings};

  for (const std::string& event :
       {event_of({stream_record("a", 1), stream_record("b", 2)}),
        std::string{R"({"dynamite":"status"})"}, std::string{R"({"dynamite":"maintain"})"},
        std::string{R"({"dynamite":"bootstrap"})"}}) {
    const RuntimeAnswer answer = api.invoke(event);
    EXPECT_FALSE(answer.error) << event << answer.body;
    EXPECT_THAT(answer.body, Not(HasSubstr("hijacked")));
  }
  EXPECT_EQ(query(fmt::format(R"(SELECT count(*) FROM {}."{}")", schema(), table_)), "2");
}

}  // namespace
}  // namespace dynamite::test
