#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "pg/connection.hpp"
#include "support/local_dynamodb.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A table with two items, and a configuration that wants layout `columns`.
class ColumnsTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    table_ = source_.create_table("Columns", {{"pk", KeyType::S}, {}}, "NEW_AND_OLD_IMAGES");
    put(R"({"pk":{"S":"a"},"total":{"N":"12.50"},"at":{"S":"2024-01-31T12:00:00Z"}})");
    put(R"({"pk":{"S":"b"},"total":{"S":"none"},"tags":{"SS":["y","x"]}})");
    configure("layout = \"columns\"\n");
  }
  void TearDown() override {
    std::remove(file().c_str());
    PostgresTest::TearDown();
  }

  void put(const std::string& item) { source_.api().put_item(table_, item); }
  std::string file() const { return testing::TempDir() + schema() + ".toml"; }
  void configure(const std::string& rules) {
    std::ofstream{file()} << "[[table]]\nname = \"" << table_ << "\"\n" << rules;
  }

  Finished dynamite(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", file()});
    return run_program(std::move(arguments), {{"DYNAMITE_URL", url()},
                                              {"DYNAMITE_SCHEMA", schema()},
                                              {"DYNAMITE_STATE_SCHEMA", state_schema()},
                                              {"AWS_ENDPOINT_URL", source_.endpoint()}});
  }
  /// Its standard output.
  std::string run(const std::vector<std::string>& arguments) {
    const Finished result = dynamite(arguments);
    EXPECT_EQ(result.status, 0) << result.errors;
    return result.output;
  }
  std::string rows(const std::string& columns) {
    return query(fmt::format("SELECT {} FROM \"{}\" ORDER BY pk", columns, table_));
  }

  LocalDynamoDb source_;
  std::string table_;
};

TEST_F(ColumnsTest, TheFirstPassFillsColumnsOfTheAttributesThatBootstrapSaw) {
  run({"bootstrap"});
  run({"snapshot"});

  EXPECT_EQ(rows("pk, total, at, tags, _rest"),
            "a|12.5|2024-01-31T12:00:00Z|NULL|NULL\nb|NULL|NULL|{x,y}|{\"total\": \"none\"}");
  EXPECT_THAT(
      run({"status", "--json"}),
      HasSubstr(R"({"name":"at","type":"text","attribute":"at","retired":false,"filling":false})"));
}

TEST_F(ColumnsTest, ADbaRunsWhatTheDryRunPrints) {
  const std::string sql = run({"bootstrap", "--dry-run"});

  EXPECT_THAT(sql, HasSubstr("\"total\" numeric"));
  EXPECT_EQ(query("SELECT count(*) FROM pg_tables WHERE schemaname = '" + schema() + "'"), "0");
  std::ofstream{file() + ".sql"} << sql;
  const std::string psql = fmt::format(
      "psql --no-psqlrc -q -1 -v ON_ERROR_STOP=1 -f {0}.sql '{1}' > "
      "/dev/null && rm {0}.sql",
      file(), url());
  EXPECT_EQ(std::system(psql.c_str()), 0);
  EXPECT_THAT(run({"bootstrap"}), HasSubstr("unchanged"));
}

TEST_F(ColumnsTest, AChangedMappingIsSaidAndAPassFillsIt) {
  run({"bootstrap"});
  run({"snapshot"});
  configure(
      "layout = \"columns\"\nomit = [\"tags\"]\ncolumns = { day = { from = \"at\", type = "
      "\"timestamptz\" } }\n");

  EXPECT_THAT(run({"bootstrap", "--dry-run"}), HasSubstr("-- the column \"day\" is added"));
  EXPECT_THAT(run({"bootstrap"}), HasSubstr("the column \"day\" is added: a pass fills it"));

  EXPECT_THAT(dynamite({"status"}).output, HasSubstr("needs a pass"));
  run({"snapshot"});
  EXPECT_THAT(run({"status"}), Not(HasSubstr("needs a pass")));
  EXPECT_EQ(rows("day = '2024-01-31 12:00Z', tags, _rest"),
            "t|NULL|NULL\nNULL|NULL|{\"total\": \"none\"}");
  EXPECT_THAT(run({"bootstrap"}), HasSubstr("unchanged"));
  EXPECT_THAT(run({"bootstrap", "--drop-columns"}), HasSubstr("the column \"tags\" is dropped"));
  EXPECT_THAT(run({"compare"}), HasSubstr("identical"));
}

TEST_F(ColumnsTest, WithoutABootstrapReplicateMakesTheSameColumns) {
  run({"replicate", "--once"});

  EXPECT_EQ(rows("total, tags, _rest"), "12.5|NULL|NULL\nNULL|{x,y}|{\"total\": \"none\"}");
}

TEST_F(ColumnsTest, ATableWhoseStateIsGoneKeepsItsColumns) {
  run({"bootstrap"});
  query(fmt::format("DROP SCHEMA {} CASCADE", state_schema()));
  run({"replicate", "--once"});

  EXPECT_EQ(rows("total, _rest"), "12.5|NULL\nNULL|{\"total\": \"none\"}");
}

TEST_F(ColumnsTest, BootstrapGivesColumnsToWhatCameLater) {
  run({"bootstrap"});
  put(R"({"pk":{"S":"c"},"city":{"S":"Rome"}})");
  run({"snapshot"});
  EXPECT_EQ(rows("_rest ->> 'city'"), "NULL\nNULL\nRome");

  EXPECT_THAT(run({"bootstrap"}), HasSubstr("the column \"city\" is added"));

  EXPECT_EQ(rows("city, _rest ->> 'city'"), "NULL|NULL\nNULL|NULL\nRome|NULL");
}

}  // namespace
}  // namespace dynamite::test
