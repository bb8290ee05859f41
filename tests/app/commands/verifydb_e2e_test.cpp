#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/postgres.hpp"
#include "support/process.hpp"

namespace dynamite::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class VerifydbTest : public PostgresTest {
 protected:
  Finished verifydb(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "verifydb");
    return run_program(std::move(arguments), {{"DYNAMITE_URL", url()},
                                              {"DYNAMITE_SCHEMA", schema()},
                                              {"DYNAMITE_STATE_SCHEMA", state_schema()}});
  }

  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      all.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return all;
  }
};

TEST_F(VerifydbTest, PrintsEachRecordAndEndsWithItsSuccess) {
  const Finished run = verifydb({});

  EXPECT_EQ(run.status, 0) << run.output << run.errors;
  const std::vector<std::string> output = lines(run.output);
  ASSERT_EQ(output.size(), 151U);
  EXPECT_THAT(output.front(), StartsWith(R"({"eventID":)"));
  EXPECT_EQ(output.back(), "Successfully processed 150 records.");
}

TEST_F(VerifydbTest, HoldsForManyItemsAndEvents) {
  for (const char* seed : {"1", "2", "3"}) {
    const Finished run = verifydb({"--items", "40", "--events", "2000", "--seed", seed});

    EXPECT_EQ(run.status, 0) << "seed " << seed << run.errors;
    EXPECT_THAT(run.output, EndsWith("Successfully processed 2000 records.\n"));
  }
}

TEST_F(VerifydbTest, ChecksTheLayoutThatTheConfigurationSaysOfItsTable) {
  const std::string file = testing::TempDir() + schema() + ".toml";
  std::ofstream{file} << R"([[table]]
name = "dynamite_verify_*"
layout = "columns"
omit = ["item", "M.*"]
columns = { number_ = { from = "number", type = "bigint" }, name = "text" }
)";

  const Finished run =
      verifydb({"--config", file, "--items", "20", "--events", "400", "--seed", "4", "--keep"});
  std::filesystem::remove(file);

  EXPECT_EQ(run.status, 0) << run.output.substr(run.output.find("Success") + 1) << run.errors;
  EXPECT_THAT(run.output, EndsWith("Successfully processed 400 records.\n"));
  const std::string table =
      query("SELECT tablename FROM pg_tables WHERE schemaname = '" + schema() + "'");
  const std::string columns =
      query(fmt::format("SELECT string_agg(column_name, ' ') FROM information_schema.columns "
                        "WHERE table_schema = '{}' AND table_name = '{}'",
                        schema(), table));
  EXPECT_THAT(columns, StartsWith("id number number_ name _rest"));
  EXPECT_THAT(columns, HasSubstr(" _epoch "));  // columns that came halfway stand behind it
  EXPECT_EQ(
      query(fmt::format("SELECT count(*) FROM {}.\"{}\" WHERE _rest ? 'item'", schema(), table)),
      "0");
}

TEST_F(VerifydbTest, TheSameSeedMakesTheSameRecords) {
  const auto without_table = [](std::string output) {
    for (std::size_t at; (at = output.find("dynamite_verify_")) != output.npos;)
      output.erase(at, std::string{"dynamite_verify_0123456789abcdef"}.size());
    return output;
  };

  EXPECT_EQ(without_table(verifydb({"--seed", "7"}).output),
            without_table(verifydb({"--seed", "7"}).output));
}

TEST_F(VerifydbTest, TakesItsTableAway) {
  verifydb({"--events", "20"});

  EXPECT_EQ(query("SELECT count(*) FROM pg_tables WHERE schemaname = '" + schema() + "'"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM " + state_schema() + ".replica"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM pg_tables WHERE schemaname = '" + state_schema() +
                  "' AND tablename LIKE 'tombstone%'"),
            "0");
}

TEST_F(VerifydbTest, KeepsItsTableOnRequest) {
  const Finished run = verifydb({"--events", "20", "--keep"});

  const std::string table =
      query("SELECT tablename FROM pg_tables WHERE schemaname = '" + schema() + "'");
  EXPECT_THAT(table, StartsWith("dynamite_verify_"));
  EXPECT_THAT(run.errors, HasSubstr(table));
}

/// Falsifies each row that is written to a table of the test's schema, from its making on.
class FalsifiedVerifydbTest : public VerifydbTest {
 protected:
  void SetUp() override {
    VerifydbTest::SetUp();
    query(fmt::format(R"(CREATE FUNCTION {}.falsify_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.item = NEW.item || '{{"false": true}}';
  RETURN NEW;
END $$)",
                      schema()));
    query(fmt::format(R"(CREATE FUNCTION {0}.falsify() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE made record;
BEGIN
  FOR made IN SELECT object_identity AS name FROM pg_event_trigger_ddl_commands()
    WHERE object_type = 'table' AND schema_name = '{0}' LOOP
    EXECUTE format('CREATE TRIGGER falsify BEFORE INSERT OR UPDATE ON %s FOR EACH ROW '
      'EXECUTE FUNCTION {0}.falsify_row()', made.name);
  END LOOP;
END $$)",
                      schema()));
    query(
        fmt::format("CREATE EVENT TRIGGER falsify_{0} ON ddl_command_end "
                    "WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION {0}.falsify()",
                    schema()));
  }
};

TEST_F(FalsifiedVerifydbTest, FailsAndNamesTheKeysThatAreNotEqual) {
  const Finished run = verifydb({"--events", "50", "--seed", "1"});

  EXPECT_EQ(run.status, 1) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("\ndifferent: {\"id\":"));
  EXPECT_THAT(run.output, EndsWith(" differences after 50 records (--seed 1)\n"));
}

}  // namespace
}  // namespace dynamite::test
