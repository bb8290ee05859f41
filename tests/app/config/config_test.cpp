#include "app/config/config.hpp"

#include <gmock/gmock.h>

#include "app/config/config_fixture.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(ConfigTest, TwoKeysSuffice) {
  const auto config = load(kTwoKeys);

  EXPECT_EQ(config.url.conninfo, "postgresql://app:secret@localhost/db");
  EXPECT_EQ(config.region, "us-west-2");
  EXPECT_EQ(config.schema, "public");
  EXPECT_EQ(config.state_schema, "dynamite");
  EXPECT_THAT(config.tables, IsEmpty());
  EXPECT_EQ(config.apply.on_poison, OnPoison::quarantine);
  EXPECT_FALSE(config.report_batch_item_failures);
  EXPECT_EQ(config.apply.dead_letters_max, 1000);
  EXPECT_EQ(config.create_tables, CreateTables::automatic);
  EXPECT_THAT(config.grant_select, IsEmpty());
  EXPECT_EQ(config.replication.read_units, std::nullopt);
  EXPECT_EQ(config.replication.segments, std::nullopt);
  EXPECT_EQ(config.replication.bytes_in_flight_max, 32U << 20U);
  EXPECT_EQ(config.replication.idle_poll_max, 1s);
  EXPECT_EQ(config.replication.connections, 4U);
}

TEST_F(ConfigTest, EveryKeyIsRead) {
  const auto config = load(std::string{kTwoKeys} + R"(
schema = "replicas"
state_schema = "state"
on_poison = "stop"
on_gap = "stop"
report_batch_item_failures = true
max_dead_letters = 5
create_tables = "never"
grant_select = ["reader", "grafana"]
max_read_units = 12.5
segments = 16
idle_poll_max = "500ms"
connections = 8
max_bytes_in_flight = 1048576
auth = "rds-iam"
secret = "postgresql/dynamite"
ca_file = "rds.pem"

[[table]]
name = "Orders"
into = "sales.orders"
layout = "document"

[[table]]
name = "log-*"
)");

  EXPECT_EQ(config.schema, "replicas");
  EXPECT_EQ(config.state_schema, "state");
  EXPECT_EQ(config.apply.on_poison, OnPoison::stop);
  EXPECT_EQ(config.replication.on_gap, OnGap::stop);
  EXPECT_TRUE(config.report_batch_item_failures);
  EXPECT_EQ(config.apply.dead_letters_max, 5);
  EXPECT_EQ(config.create_tables, CreateTables::never);
  EXPECT_THAT(config.grant_select, ElementsAre("reader", "grafana"));
  EXPECT_EQ(config.replication.read_units, 12.5);
  EXPECT_EQ(config.replication.segments, 16U);
  EXPECT_EQ(config.replication.idle_poll_max, 500ms);
  EXPECT_EQ(config.replication.connections, 8U);
  EXPECT_EQ(config.replication.bytes_in_flight_max, 1U << 20U);
  EXPECT_EQ(config.auth, Auth::rds_iam);
  EXPECT_EQ(config.secret, "postgresql/dynamite");
  EXPECT_EQ(config.ca_file, "rds.pem");
  ASSERT_EQ(config.tables.size(), 2U);
  EXPECT_EQ(config.tables[0].name, "Orders");
  EXPECT_EQ(config.tables[0].targets.at(0).into_schema, "sales");
  EXPECT_EQ(config.tables[0].targets.at(0).into_table, "orders");
  EXPECT_FALSE(config.tables[0].is_glob());
  EXPECT_TRUE(config.tables[1].is_glob());
  EXPECT_EQ(config.tables[1].targets.at(0).into_table, std::nullopt);
}

TEST_F(ConfigTest, ConfigPyOfAPredecessorReadsUnchanged) {
  write("here/config.py",
        "# where the copies go\n"
        "url = 'postgres+pg8000://app:secret@localhost:5432/db'  # local\n"
        "region = 'eu-central-1'\n");

  const auto config = load_config(sources_);

  EXPECT_EQ(config.url.conninfo, "postgresql://app:secret@localhost:5432/db");
  EXPECT_EQ(config.region, "eu-central-1");
}

TEST_F(ConfigTest, ConfigPyThatIsMoreThanTomlSaysWhere) {
  sources_.file = write("config.py", "import os\nurl = os.environ['URL']\n");

  EXPECT_THAT(error(), AllOf(HasSubstr("config.py:1: not TOML"), HasSubstr("wanted key = value")));
}

TEST_F(ConfigTest, EnvironmentOverridesFileAndCommandLineOverridesBoth) {
  environment_["DYNAMITE_SEGMENTS"] = "8";
  environment_["DYNAMITE_CONNECTIONS"] = "2";
  environment_["DYNAMITE_MAX_READ_UNITS"] = "7.5";
  environment_["DYNAMITE_GRANT_SELECT"] = "reader,grafana";
  sources_.settings = {"segments=12"};

  const auto config = load(std::string{kTwoKeys} + "segments = 6\nconnections = 6\nschema = 's'\n");

  EXPECT_EQ(config.replication.segments, 12U);
  EXPECT_EQ(config.replication.connections, 2U);
  EXPECT_EQ(config.schema, "s");
  EXPECT_EQ(config.replication.read_units, 7.5);
  EXPECT_THAT(config.grant_select, ElementsAre("reader", "grafana"));
}

TEST_F(ConfigTest, EnvironmentAloneSuffices) {
  environment_["DYNAMITE_URL"] = "postgresql://localhost/db";
  environment_["DYNAMITE_REGION"] = "us-east-1";

  const auto config = load_config(sources_);

  EXPECT_EQ(config.url.redacted, "postgresql://localhost/db");
  EXPECT_EQ(config.region, "us-east-1");
}

TEST_F(ConfigTest, EmptyVariableIsNotSet) {
  environment_["DYNAMITE_REGION"] = "";
  environment_["AWS_REGION"] = "";

  EXPECT_EQ(load(kTwoKeys).region, "us-west-2");
}

TEST_F(ConfigTest, FileOfTheCurrentDirectoryComesBeforeTheOneBesideTheProgram) {
  write("program/dynamite.toml", std::string{kTwoKeys} + "schema = 'program'\n");
  write("here/config.py", std::string{kTwoKeys} + "schema = 'python'\n");
  EXPECT_EQ(load_config(sources_).schema, "program");

  write("here/dynamite.toml", std::string{kTwoKeys} + "schema = 'here'\n");
  EXPECT_EQ(load_config(sources_).schema, "here");

  environment_["DYNAMITE_CONFIG"] =
      write("other.toml", std::string{kTwoKeys} + "schema = 'named'\n");
  EXPECT_EQ(load_config(sources_).schema, "named");

  EXPECT_EQ(load(std::string{kTwoKeys} + "schema = 'option'\n").schema, "option");
}

TEST_F(ConfigTest, NamedFileMustBeThere) {
  sources_.file = (directory_ / "absent.toml").string();
  EXPECT_THAT(error(), AllOf(HasSubstr("absent.toml"), HasSubstr("No such file")));

  sources_.file = directory_.string();
  EXPECT_THAT(error(), HasSubstr("Is a directory"));
}

TEST_F(ConfigTest, AGrantToEverybodyIsSaid) {
  EXPECT_THAT(load(std::string{kTwoKeys} + "grant_select = ['public']\n").remarks,
              ElementsAre(HasSubstr("\"public\", which is every role")));
  EXPECT_THAT(load(std::string{kTwoKeys} + "grant_select = ['reader']\n").remarks, IsEmpty());
}

TEST_F(ConfigTest, AllErrorsAreReportedAtOnceWithPlaceKeyAndValues) {
  environment_["DYNAMITE_CONNECTIONS"] = "65";
  sources_.settings = {"max_read_units=0.5", "nonsense"};

  const auto text = error_of(
      "url = 'mysql://localhost/db'\n"
      "regoin = 'us-west-2'\n"
      "segments = 'four'\n"
      "on_poison = 'ignore'\n"
      "idle_poll_max = 1\n");

  const auto file = *sources_.file;
  EXPECT_THAT(text, HasSubstr("8 errors in the configuration\n"));
  EXPECT_THAT(text, HasSubstr(file + ":1: the database URL does not begin with postgresql://"));
  EXPECT_THAT(text, HasSubstr(file + ":2: unknown key \"regoin\", did you mean \"region\"?"));
  EXPECT_THAT(text,
              HasSubstr(file + ":3: segments is \"four\", wanted a whole number from 1 to 1000"));
  EXPECT_THAT(text,
              HasSubstr(file + ":4: on_poison is \"ignore\", wanted \"quarantine\" or \"stop\""));
  EXPECT_THAT(text, HasSubstr(file + ":5: idle_poll_max is 1, wanted a time from"));
  EXPECT_THAT(text, HasSubstr("DYNAMITE_CONNECTIONS: connections is \"65\", wanted"));
  EXPECT_THAT(text, HasSubstr("--set: max_read_units is \"0.5\", wanted a number of at least 1"));
  EXPECT_THAT(text, HasSubstr("--set: no = in the setting"));
}

TEST_F(ConfigTest, KeyThatResemblesNoneListsAll) {
  EXPECT_THAT(error_of("xxxxxxxxxx = 1\n"),
              AllOf(HasSubstr("unknown key \"xxxxxxxxxx\", wanted one of"),
                    HasSubstr("state_schema"), HasSubstr("url")));
}

TEST_F(ConfigTest, UnknownKeyOfATableNamesTheNearest) {
  EXPECT_THAT(error_of(std::string{kTwoKeys} + "[[table]]\nname = 'Orders'\nint = 'orders'\n"),
              HasSubstr(":5: unknown key \"int\", did you mean \"into\"?"));
}

TEST_F(ConfigTest, MissingKeysAreNamedWithWhatTheyLookLike) {
  EXPECT_THAT(error(), AllOf(HasSubstr("2 errors"), HasSubstr("url is missing"),
                             HasSubstr("no configuration file"), HasSubstr("region is missing"),
                             HasSubstr("DYNAMITE_REGION")));
}

TEST_F(ConfigTest, CommandsThatNeedNoDatabaseOrRegionDoWithout) {
  sources_.needs.database = false;
  sources_.needs.region = false;

  EXPECT_EQ(load_config(sources_).url.conninfo, "");
}

TEST_F(ConfigTest, PasswordIsNeverInAMessage) {
  const char* files[] = {
      "url = 'postgresql://app:hunter2@localhost:notaport/db'\n",
      "url = 'postgresql://app:hunter2@host@localhost/db'\n",
      "url = 'mysql://app:hunter2@localhost/db'\n",
      "url = 'host=localhost password=hunter2'\n",
      "url = ['postgresql://app:hunter2@localhost/db']\n",
      "url = postgresql://app:hunter2@localhost/db\n",
      "url = 'postgresql://app:hunter2@localhost/db\n",
      "urk = 'postgresql://app:hunter2@localhost/db'\n",
      "region = 'postgresql://app:hunter2@localhost/db'\n",
      "schema = 'host=localhost password=hunter2'\nsegments = 0\n",
      "grant_select = ['postgresql://app:hunter2@localhost/db', '']\n",
      "'postgresql://app:hunter2@localhost/db' = 1\n",
  };
  for (const char* file : files) EXPECT_THAT(error_of(file), Not(HasSubstr("hunter2"))) << file;
}

struct BadValue {
  const char* name;
  const char* line;
  const char* wanted;
};

class ConfigBadValueTest : public ConfigTest, public testing::WithParamInterface<BadValue> {};

TEST_P(ConfigBadValueTest, IsRefused) {
  EXPECT_THAT(error_of(std::string{kTwoKeys} + GetParam().line), HasSubstr(GetParam().wanted));
}

INSTANTIATE_TEST_SUITE_P(
    All, ConfigBadValueTest,
    testing::Values(
        BadValue{"TableIsNumber", "table = 1\n", "table is 1, wanted one [[table]]"},
        BadValue{"TwoUrls", "url = 'x'\n", ":3: not TOML"},
        BadValue{"SegmentsZero", "segments = 0\n", "segments is 0"},
        BadValue{"SegmentsMany", "segments = 1001\n", "from 1 to 1000"},
        BadValue{"SegmentsNegative", "segments = -1\n", "segments is -1"},
        BadValue{"SegmentsFraction", "segments = 4.5\n", "segments is 4.5"},
        BadValue{"SegmentsText", "segments = '4'\n", "segments is \"4\""},
        BadValue{"SegmentsDate", "segments = 2026-01-01\n", "segments is a date or time"},
        BadValue{"ReadUnitsNan", "max_read_units = nan\n", "at least 1"},
        BadValue{"ReadUnitsLow", "max_read_units = 0.9\n", "at least 1"},
        BadValue{"PollUnit", "idle_poll_max = '1 day'\n", "from \"10ms\" to \"1h\""},
        BadValue{"PollLow", "idle_poll_max = '9ms'\n", "from \"10ms\" to \"1h\""},
        BadValue{"PollHigh", "idle_poll_max = '2h'\n", "from \"10ms\" to \"1h\""},
        BadValue{"PollHuge", "idle_poll_max = '99999999999999999999s'\n", "from \"10ms\""},
        BadValue{"SchemaEmpty", "schema = ''\n", "1 to 63 bytes"},
        BadValue{"RolesEmpty", "grant_select = ['']\n", "a list of role names"},
        BadValue{"RolesMixed", "grant_select = ['a', 1]\n", "a list of other things"},
        BadValue{"CreateTables", "create_tables = 'yes'\n", "\"auto\" or \"never\""},
        BadValue{"TableName", "[[table]]\nname = 'a/b'\n", "name is \"a/b\""},
        BadValue{"Unnamed", "[[table]]\ninto = 'x'\n", ":4: a [[table]] without a name"},
        BadValue{"EmptyTable", "[[table]]\n", "a [[table]] without a name"},
        BadValue{"GlobInto", "[[table]]\nname = 'a*'\ninto = 'x'\n",
                 "into is given for the pattern"},
        BadValue{"IntoParts", "[[table]]\nname = 'abc'\ninto = 'a.b.c'\n", "\"schema.table\""},
        BadValue{"IntoEmpty", "[[table]]\nname = 'abc'\ninto = '.x'\n", "\"schema.table\""},
        BadValue{"NamedTwice", "[[table]]\nname = 'abc'\n[[table]]\nname = 'abc'\n",
                 "\"abc\" is in two [[table]]s"},
        BadValue{"TwoIntoOne", "[[table]]\nname = 'abc'\n[[table]]\nname = 'x'\ninto = 'abc'\n",
                 "two targets are \"public\".\"abc\", wanted a table for each"},
        BadValue{
            "TargetsIntoOne",
            "[[table]]\nname = 'abc'\n[[table.target]]\n[[table.target]]\ninto = 'public.abc'\n",
            "two targets are \"public\".\"abc\""},
        BadValue{"TargetsOfGlob",
                 "[[table]]\nname = 'a*'\n[[table.target]]\n[[table.target]]\nlayout = 'columns'\n",
                 "the pattern \"a*\" has 2 targets, wanted one"},
        BadValue{"TargetIntoOfGlob", "[[table]]\nname = 'a*'\n[[table.target]]\ninto = 'x'\n",
                 "into is given for the pattern"},
        BadValue{"TargetAndItsKeys",
                 "[[table]]\nname = 'abc'\nlayout = 'columns'\n[[table.target]]\ninto = 'x'\n",
                 "dynamite.toml:5: layout stands in a [[table]] that has [[table.target]]s"},
        BadValue{"TargetNoList", "[[table]]\nname = 'abc'\ntarget = 'x'\n",
                 "dynamite.toml:5: target is \"x\", wanted one [[table.target]] for each target"},
        BadValue{"TargetEmptyList", "[[table]]\nname = 'abc'\ntarget = []\n",
                 "wanted one [[table.target]] for each target"},
        BadValue{"NameInTarget", "[[table]]\nname = 'abc'\n[[table.target]]\nname = 'x'\n",
                 "dynamite.toml:6: unknown key \"name\""},
        BadValue{"TargetLayout", "[[table]]\nname = 'abc'\n[[table.target]]\nmax_columns = 5\n",
                 "max_columns is given, but layout is \"document\""},
        BadValue{
            "TargetIntoState",
            "[[table]]\nname = 'abc'\n[[table.target]]\n[[table.target]]\ninto = 'dynamite.x'\n",
            "which is state_schema's"},
        BadValue{"IntoState", "[[table]]\nname = 'abc'\ninto = 'dynamite.abc'\n",
                 "which is state_schema's"},
        BadValue{"SameSchemas", "schema = 'dynamite'\n", "schema and state_schema are both"}),
    [](const auto& info) { return info.param.name; });

TEST_F(ConfigTest, RegionIsPartOfHostNamesSoOnlyPlainCharactersPass) {
  EXPECT_THAT(error_of("region = 'evil.example/#'\n"), HasSubstr("wanted a region's name"));
}

TEST_F(ConfigTest, ATableHasSeveralTargets) {
  const auto config = load(kTwoKeys + std::string{R"(
[[table]]
name = "shop"

[[table.target]]
into = "sales.documents"
omit = ["password"]

[[table.target]]
into = "sales.customers"
layout = "columns"

[table.target.columns]
total = "numeric"

[[table]]
name = "log-*"
target = [{ layout = "columns", max_columns = 7 }]
)"});

  ASSERT_EQ(config.tables.size(), 2U);
  EXPECT_THAT(
      config.tables[0].targets,
      ElementsAre(
          TargetRule{
              .into_schema = "sales", .into_table = "documents", .mapping = {.omit = {"password"}}},
          TargetRule{.into_schema = "sales",
                     .into_table = "customers",
                     .mapping = {.layout = LayoutKind::columns,
                                 .declared = {{.name = "total",
                                               .type = ColumnType::numeric,
                                               .from = AttributePath::of("total")}}}}));
  EXPECT_THAT(
      config.tables[1].targets,
      ElementsAre(TargetRule{.into_schema = {},
                             .into_table = {},
                             .mapping = {.layout = LayoutKind::columns, .columns_max = 7}}));
}

TEST_F(ConfigTest, OptionTableNarrowsToExactNames) {
  sources_.tables = {"Orders", "log-1"};

  const auto config = load(std::string{kTwoKeys} +
                           "[[table]]\nname = 'Orders'\ninto = 'o'\n[[table]]\nname = 'log-*'\n"
                           "[[table]]\nname = 'Other'\n");

  ASSERT_EQ(config.tables.size(), 2U);
  EXPECT_EQ(config.tables[0].targets.at(0).into_table, "o");
  EXPECT_EQ(config.tables[1].name, "log-1");
  EXPECT_FALSE(config.tables[1].is_glob());
}

TEST_F(ConfigTest, OptionTableMustBeOneOfTheNamedTables) {
  sources_.tables = {"Order"};

  EXPECT_THAT(error_of(std::string{kTwoKeys} + "[[table]]\nname = 'Orders'\n"),
              HasSubstr("\"Order\" is in no [[table]]"));

  sources_.needs.table_rules = false;
  EXPECT_EQ(load_config(sources_).tables.at(0).name, "Order");
}

TEST_F(ConfigTest, OptionTableStandsAloneWhereNoTableIsNamed) {
  sources_.tables = {"Orders"};

  EXPECT_EQ(load(kTwoKeys).tables.at(0).name, "Orders");
}

}  // namespace
}  // namespace dynamite
