#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "decode/records.hpp"
#include "support/local_dynamodb.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"
#include "support/runtime_api.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kRules = R"(layout = "columns"
new_columns = false
[table.columns]
total = "numeric"
city = "text"
tags = "text[]"
day = { from = "at", type = "date" }
)";

/// A table whose replica is in layout `columns`, on every way that writes or reads rows.
class ColumnsPathsTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (!HasFatalFailure()) make("NEW_AND_OLD_IMAGES");
  }
  void TearDown() override {
    std::filesystem::remove(path(".toml"));
    std::filesystem::remove(path(".json"));
    PostgresTest::TearDown();
  }

  void make(const std::string& view_type) {
    table_ = source_.create_table("Paths", keys(KeyType::S), view_type);
    configure(kRules);
  }
  void configure(const std::string& rules) {
    std::ofstream{path(".toml")} << fmt::format("[[table]]\nname = \"{}\"\n{}", table_, rules);
  }
  std::string path(const std::string& ending) const {
    return testing::TempDir() + schema() + ending;
  }

  std::map<std::string, std::string> environment() const {
    return {{"DYNAMITE_URL", url()},
            {"DYNAMITE_SCHEMA", schema()},
            {"DYNAMITE_STATE_SCHEMA", state_schema()},
            {"DYNAMITE_CONFIG", path(".toml")},
            {"AWS_ENDPOINT_URL", source_.endpoint()}};
  }
  Finished dynamite(std::vector<std::string> command) const {
    command.insert(command.end(), {"--table", table_});
    return run_program(std::move(command), environment());
  }
  /// Its standard output.
  std::string run(const std::vector<std::string>& command, int status = 0) const {
    const Finished done = dynamite(command);
    EXPECT_EQ(done.status, status) << command.front() << ": " << done.output << done.errors;
    return done.output;
  }
  Finished apply(const std::vector<std::string>& records) const {
    std::ofstream{path(".json")} << event_of(records);
    return dynamite({"apply", "--as-recorded", path(".json")});
  }

  void put(const std::string& item) { source_.api().put_item(table_, item); }
  void put_three() {
    put(R"({"pk":{"S":"a"},"total":{"N":"12.50"},"city":{"S":"Rome"},"tags":{"SS":["y","x"]}})");
    put(R"({"pk":{"S":"b"},"total":{"S":"none"},"at":{"S":"2024-02-29"},"map":{"M":{}}})");
    put(R"({"pk":{"S":"c"},"at":{"S":"today"},"raw":{"B":"AAEC"},"city":{"NULL":true}})");
  }
  std::string record(const std::string& name, const std::string& key, const std::string& attributes,
                     std::uint64_t sequence_number) {
    RecordText record;
    record.name = "\"" + name + "\"";
    record.arn = "\"" + source_.api().describe_table(table_).latest_stream_arn + "\"";
    record.keys = fmt::format(R"({{"pk":{{"S":"{}"}}}})", key);
    record.new_image =
        name == "REMOVE" ? "" : fmt::format(R"({{"pk":{{"S":"{}"}}{}}})", key, attributes);
    record.sequence_number = fmt::format("\"{}\"", sequence_number);
    return record.json();
  }

  std::string replica() const { return fmt::format("{}.\"{}\"", schema(), table_); }
  std::string rows(const std::string& columns = "pk, total, city, tags, day, _rest, _types") {
    return query(fmt::format("SELECT {} FROM {} ORDER BY pk", columns, replica()));
  }
  void alter(const std::string& what) { query("ALTER TABLE " + replica() + " " + what); }

  static constexpr const char* kThree =
      "a|12.5|Rome|{x,y}|NULL|NULL|NULL\n"
      "b|NULL|NULL|NULL|2024-02-29|{\"map\": {}, \"total\": \"none\"}|NULL\n"
      "c|NULL|NULL|NULL|NULL|{\"at\": \"today\", \"raw\": \"AAEC\", \"city\": null}|"
      "{\"/raw\": \"B\"}";

  LocalDynamoDb source_;
  std::string table_;
};

TEST_F(ColumnsPathsTest, ReplicateOnceAndSnapshotFillThem) {
  put_three();

  run({"replicate", "--once"});
  EXPECT_EQ(rows(), kThree);
  put(R"({"pk":{"S":"a"},"total":{"N":"13"}})");
  run({"snapshot"});

  EXPECT_EQ(rows("total, city, tags, _rest").substr(0, 17), "13|NULL|NULL|NULL");
  EXPECT_THAT(run({"compare"}), HasSubstr("3 items, identical"));
}

TEST_F(ColumnsPathsTest, ASnapshotGoesOnWhenTheMappingChangesMeanwhile) {
  for (int i = 0; i < 25; ++i)
    put(fmt::format(R"({{"pk":{{"S":"k{}"}},"filler":{{"S":"{}"}}}})", i,
                    std::string(100'000, 'x')));
  run({"bootstrap"});
  auto slowly = environment();
  slowly["DYNAMITE_MAX_READ_UNITS"] = "100";  // a page of 1 MB takes 256
  slowly["DYNAMITE_SEGMENTS"] = "1";
  Process snapshot{{DYNAMITE_PROGRAM, "snapshot", "--table", table_}, slowly};
  wait_until(fmt::format("SELECT count(*) > 0 FROM {}.checkpoint", state_schema()));

  query(fmt::format("UPDATE {}.replica SET mapping = mapping + 1", state_schema()));

  EXPECT_EQ(snapshot.wait(), 0) << snapshot.errors();
  EXPECT_THAT(snapshot.errors(), HasSubstr("DY007"));
  EXPECT_THAT(run({"compare"}), HasSubstr("25 items, identical"));
}

TEST_F(ColumnsPathsTest, ADaemonFillsThemFromTheStream) {
  Process daemon{{DYNAMITE_PROGRAM, "replicate", "--table", table_}, environment()};
  wait_until(fmt::format("SELECT count(*) = 1 FROM pg_tables WHERE schemaname = '{}'", schema()));
  wait_until(fmt::format("SELECT bool_and(state = 'following') FROM {}.replica", state_schema()));

  put_three();

  wait_until(fmt::format("SELECT count(*) = 3 FROM {}", replica()));
  EXPECT_EQ(rows(), kThree);
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_THAT(run({"compare"}), HasSubstr("3 items, identical"));
}

TEST_F(ColumnsPathsTest, RecordedEventsFillThem) {
  const Finished applied =
      apply({record("INSERT", "a", R"(,"total":{"N":"1"},"city":{"S":"Rome"})", 1),
             record("INSERT", "b", R"(,"total":{"N":"2"})", 2),
             record("MODIFY", "a", R"(,"total":{"S":"none"},"tags":{"SS":["q"]})", 3),
             record("REMOVE", "b", "", 4)});

  EXPECT_EQ(applied.status, 0) << applied.errors;
  EXPECT_EQ(rows(), R"(a|NULL|NULL|{q}|NULL|{"total": "none"}|NULL)");
}

TEST_F(ColumnsPathsTest, ARepairMakesDamagedRowsWhatTheirItemsAre) {
  put_three();
  run({"replicate", "--once"});
  query(fmt::format("INSERT INTO {0} (pk, {1}) SELECT 'ghost', {1} FROM {0} WHERE pk = 'a'",
                    replica(), "total, city, mod_time, create_time, _version, _epoch"));
  query(fmt::format("UPDATE {} SET total = 12.51 WHERE pk = 'a'", replica()));
  query(fmt::format("DELETE FROM {} WHERE pk = 'b'", replica()));
  query(fmt::format("UPDATE {} SET _rest = _rest - 'raw' WHERE pk = 'c'", replica()));

  EXPECT_THAT(run({"compare"}, 3), HasSubstr("3 items, 1 missing, 2 different, 1 ghosts"));
  EXPECT_THAT(run({"compare", "--repair"}), HasSubstr("4 rows repaired"));

  EXPECT_EQ(rows(), kThree);
  EXPECT_THAT(run({"compare"}), HasSubstr("3 items, identical"));
}

TEST_F(ColumnsPathsTest, AValueThatSomebodyMovedIntoTheRestIsMovedBack) {
  put_three();
  run({"replicate", "--once"});
  query(
      fmt::format("UPDATE {} SET city = NULL, _rest = jsonb_build_object('city', city) "
                  "WHERE pk = 'a'",
                  replica()));
  query(fmt::format("UPDATE {} SET _types = NULL WHERE pk = 'c'", replica()));

  EXPECT_THAT(run({"compare"}, 3), HasSubstr("0 missing, 2 different"));
  EXPECT_THAT(run({"compare", "--repair"}), HasSubstr("2 rows repaired"));

  EXPECT_EQ(rows(), kThree);
}

TEST_F(ColumnsPathsTest, ADeadLetterIsRetriedIntoThem) {
  run({"bootstrap"});
  alter("ADD CONSTRAINT cheap CHECK (total < 100)");
  put_three();
  put(R"({"pk":{"S":"d"},"total":{"N":"100"},"city":{"S":"Bonn"}})");

  run({"replicate", "--once"});
  EXPECT_EQ(rows(), kThree);
  EXPECT_THAT(run({"dead-letters"}), HasSubstr("(cheap)"));
  EXPECT_THAT(run({"dead-letters", "retry", "--all"}, 3), HasSubstr("1 refused again"));
  alter("DROP CONSTRAINT cheap");
  EXPECT_THAT(run({"dead-letters", "retry", "--all"}), HasSubstr(" 0 refused again"));

  EXPECT_EQ(rows(), std::string{kThree} + "\nd|100|Bonn|NULL|NULL|NULL|NULL");
}

TEST_F(ColumnsPathsTest, TheFunctionFillsThem) {
  RuntimeApi api;
  auto settings = environment();
  settings["AWS_LAMBDA_RUNTIME_API"] = api.address();
  const Process function{{DYNAMITE_PROGRAM}, settings};

  const RuntimeAnswer answer = api.invoke(event_of(
      {record("INSERT", "a", R"(,"total":{"N":"1"},"odd":{"NULL":true})", 1),
       record("INSERT", "b", R"(,"at":{"S":"2024-01-31"})", 2), record("REMOVE", "c", "", 3)}));

  EXPECT_FALSE(answer.error) << answer.body;
  EXPECT_EQ(rows(),
            "a|1|NULL|NULL|NULL|{\"odd\": null}|NULL\nb|NULL|NULL|NULL|2024-01-31|NULL|NULL");
}

TEST_F(ColumnsPathsTest, TheFunctionReadsBackWhatAStreamOfKeysDoesNotSay) {
  make("KEYS_ONLY");
  put_three();
  RuntimeApi api;
  auto settings = environment();
  settings["AWS_LAMBDA_RUNTIME_API"] = api.address();
  const Process function{{DYNAMITE_PROGRAM}, settings};
  std::vector<std::string> records;
  for (const char* key : {"a", "b", "c", "gone"}) {
    RecordText text;
    text.arn = "\"" + source_.api().describe_table(table_).latest_stream_arn + "\"";
    text.keys = fmt::format(R"({{"pk":{{"S":"{}"}}}})", key);
    text.new_image = "";
    text.view_type = R"("KEYS_ONLY")";
    text.sequence_number = fmt::format("\"{}\"", records.size() + 1);
    records.push_back(text.json());
  }

  const RuntimeAnswer answer = api.invoke(event_of(records));

  EXPECT_FALSE(answer.error) << answer.body;
  EXPECT_EQ(rows(), kThree);
}

/// What a DBA does to a column, and what is said then.
struct DbaChange {
  const char* name;
  const char* sql;
  const char* said;
  const char* undone;
};

class ColumnsOfADbaTest : public ColumnsPathsTest,
                          public ::testing::WithParamInterface<DbaChange> {};

TEST_P(ColumnsOfADbaTest, IsSaidByItsNameAndAllGoesOnWhenItIsUndone) {
  run({"bootstrap"});
  alter(GetParam().sql);
  const std::vector<std::string> records{record("INSERT", "a", R"(,"city":{"S":"Rome"})", 1),
                                         record("INSERT", "b", R"(,"total":{"N":"1"})", 2)};
  put_three();

  const Finished applied = apply(records);
  const Finished replicated = dynamite({"replicate", "--once"});
  const Finished bootstrapped = dynamite({"bootstrap"});

  for (const Finished* finished : {&applied, &replicated, &bootstrapped}) {
    EXPECT_NE(finished->status, 0);
    EXPECT_THAT(finished->errors, AllOf(HasSubstr(GetParam().said), Not(HasSubstr("Rome"))));
  }
  EXPECT_EQ(query(fmt::format("SELECT count(*) FROM {}.dead_letter", state_schema())), "0");
  alter(GetParam().undone);
  run({"replicate", "--once"});
  EXPECT_THAT(run({"compare"}), HasSubstr("3 items, identical"));
}

TEST_P(ColumnsOfADbaTest, IsSaidByTheFunction) {
  run({"bootstrap"});
  alter(GetParam().sql);
  RuntimeApi api;
  auto settings = environment();
  settings["AWS_LAMBDA_RUNTIME_API"] = api.address();
  const Process function{{DYNAMITE_PROGRAM}, settings};

  const RuntimeAnswer answer =
      api.invoke(event_of({record("INSERT", "a", R"(,"city":{"S":"Rome"})", 1),
                           record("INSERT", "b", R"(,"total":{"N":"1"})", 2)}));

  EXPECT_TRUE(answer.error);
  EXPECT_EQ(answer.error_type, "Dynamite.usage");
  EXPECT_THAT(answer.body, AllOf(HasSubstr(GetParam().said), Not(HasSubstr("Rome"))));
}

TEST_P(ColumnsOfADbaTest, IsTheProblemOfADaemonThatFollows) {
  run({"bootstrap"});
  Process daemon{{DYNAMITE_PROGRAM, "replicate", "--table", table_}, environment()};
  wait_until(fmt::format("SELECT state = 'following' FROM {}.replica", state_schema()));

  alter(GetParam().sql);
  put_three();

  wait_until(fmt::format("SELECT coalesce(strpos(problem, '{}') > 0, false) FROM {}.replica",
                         GetParam().said, state_schema()));
  EXPECT_THAT(dynamite({"status"}).output, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    , ColumnsOfADbaTest,
    ::testing::Values(DbaChange{"Dropped", "DROP COLUMN city", "is missing, wanted: text",
                                "ADD COLUMN city text COLLATE \"C\""},
                      DbaChange{"Retyped", "ALTER COLUMN city TYPE integer USING NULL",
                                "is integer, wanted: text",
                                "ALTER COLUMN city TYPE text COLLATE \"C\""},
                      DbaChange{"NotNull", "ALTER COLUMN total SET NOT NULL",
                                "is NOT NULL, wanted: a column that may be NULL",
                                "ALTER COLUMN total DROP NOT NULL"}),
    [](const auto& info) { return info.param.name; });

TEST_F(ColumnsPathsTest, TenThousandNamesOfOneItemTakeBoundedMemory) {
  std::string attributes;
  for (int i = 0; i < 10'000; ++i) attributes += fmt::format(R"(,"n{0}":{{"S":"{0}"}})", i);
  attributes += fmt::format(R"(,"{}":{{"S":"long name"}})", std::string(65'000, 'n'));
  attributes += R"(,"_rest":{"N":"1"},"ctid":{"N":"2"},"_version":{"N":"3"},"xmin":{"N":"4"})";
  configure("layout = \"columns\"\n");
  std::vector<std::string> records;
  for (std::uint64_t i = 1; i <= 100; ++i)
    records.push_back(record("INSERT", fmt::format("k{}", i), attributes, i));

  const Finished applied = apply(records);

  EXPECT_EQ(applied.status, 0) << applied.errors;
  rusage children{};
  getrusage(RUSAGE_CHILDREN, &children);
  EXPECT_LT(children.ru_maxrss, 300 * 1'024);
  EXPECT_EQ(rows("(SELECT count(*) FROM jsonb_object_keys(_rest))").substr(0, 6), "10005\n");
  run({"bootstrap"});
  EXPECT_EQ(query(fmt::format("SELECT count(*) <= 100 FROM pg_attribute WHERE attrelid = "
                              "'{}'::regclass AND col_description(attrelid, attnum) LIKE "
                              "'attribute %'",
                              replica())),
            "t");
}

}  // namespace
}  // namespace dynamite::test
