#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "app/config/config_fixture.hpp"

namespace dynamite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MappingConfigTest : public ConfigTest {
 protected:
  MappingRules rules(const std::string& keys) {
    return load(kTwoKeys + ("[[table]]\nname = 'Orders'\n" + keys))
        .tables.at(0)
        .targets.at(0)
        .mapping;
  }

  /// Without the file's directory.
  std::string error_of_table(const std::string& keys) {
    const std::string text = error_of(kTwoKeys + ("[[table]]\nname = 'Orders'\n" + keys));
    return text.substr(text.find("dynamite.toml"));
  }
};

TEST_F(MappingConfigTest, ATableShowsAllAsDocumentUnlessToldOtherwise) {
  EXPECT_EQ(rules(""), MappingRules{});
  EXPECT_EQ(rules("layout = 'document'\n"), MappingRules{});
}

TEST_F(MappingConfigTest, EveryKeyIsRead) {
  EXPECT_EQ(rules(R"(
layout = "columns"
where = "begins_with(sk, 'ORDER#') AND status = 'paid'"
only = ["total", "address.*", "items[*].price"]
omit = ["password*"]
removed = "keep"
expired = "keep"
history = true
history_keep = "90d"
new_columns = false
max_columns = 7
column_names = "snake_case"
)"),
            (MappingRules{.layout = LayoutKind::columns,
                          .where = "begins_with(sk, 'ORDER#') AND status = 'paid'",
                          .only = {"total", "address.*", "items[*].price"},
                          .omit = {"password*"},
                          .new_columns = false,
                          .columns_max = 7,
                          .column_names = ColumnNames::snake_case,
                          .keep_removed = true,
                          .keep_expired = true,
                          .history = true,
                          .history_keep = std::chrono::hours{90 * 24}}));
}

TEST_F(MappingConfigTest, AHistoryKnowsRecordsAsLongAsTheyMayComeAgain) {
  for (const std::string keep : {"47h", "1d", "0d", "36501d", "90", "always", ""})
    EXPECT_THAT(error_of_table("history = true\nhistory_keep = '" + keep + "'\n"),
                HasSubstr("wanted \"forever\" or a time from \"2d\" to \"36500d\""))
        << keep;
}

TEST_F(MappingConfigTest, AHistoryKeepsAllUnlessToldOtherwise) {
  EXPECT_EQ(rules("history = true\nhistory_keep = 'forever'\n"), (MappingRules{.history = true}));
  EXPECT_EQ(rules("history = true\nhistory_keep = '48h'\n"),
            (MappingRules{.history = true, .history_keep = std::chrono::hours{48}}));
}

const std::vector<AttributeColumn> kDeclared{
    {.name = "total", .type = ColumnType::numeric, .from = AttributePath::of("total")},
    {.name = "city", .type = ColumnType::text, .from = *AttributePath::parse("address.city")},
    {.name = "order_id",
     .type = ColumnType::text,
     .from = AttributePath::of("sk"),
     .take = TakePattern::parse("ORDER#{}")},
    {.name = "joined", .type = ColumnType::timestamptz, .from = AttributePath::of("joinedAt")},
    {.name = "seen",
     .type = ColumnType::timestamptz,
     .from = AttributePath::of("seenAt"),
     .unit = TimeUnit::ms}};

TEST_F(MappingConfigTest, ColumnsAreDeclaredInTheFilesOrder) {
  EXPECT_EQ(rules(R"(layout = "columns"
columns = { total = "numeric", city = { from = "address.city" }, order_id = { from = "sk", take = "ORDER#{}" }, joined = { from = "joinedAt", type = "timestamptz" }, seen = { from = "seenAt", type = "timestamptz", unit = "ms" } }
)")
                .declared,
            kDeclared);
}

TEST_F(MappingConfigTest, ColumnsMayBeASection) {
  EXPECT_EQ(rules(R"(layout = "columns"
[table.columns]
total = "numeric"
city = { from = "address.city" }
order_id = { from = "sk", take = "ORDER#{}" }
[table.columns.joined]
from = "joinedAt"
type = "timestamptz"
[table.columns.seen]
from = "seenAt"
type = "timestamptz"
unit = "ms"
)")
                .declared,
            kDeclared);
}

TEST_F(MappingConfigTest, AColumnIsOfTheAttributeOfItsNameUnlessToldOtherwise) {
  EXPECT_THAT(
      rules(R"(layout = "columns"
columns = { "a.b" = "double precision", id = { take = "#{}" }, all = {}, tags = { type = "text[]" } }
)")
          .declared,
      ElementsAre(
          AttributeColumn{.name = "a.b",
                          .type = ColumnType::double_precision,
                          .from = AttributePath::of("a.b")},
          AttributeColumn{
              .name = "id", .from = AttributePath::of("id"), .take = TakePattern::parse("#{}")},
          AttributeColumn{.name = "all", .from = AttributePath::of("all")},
          AttributeColumn{
              .name = "tags", .type = ColumnType::text_array, .from = AttributePath::of("tags")}));
}

TEST_F(MappingConfigTest, EveryTypeHasAName) {
  std::string columns{"layout = 'columns'\n[table.columns]\n"};
  for (int type = 0; type <= static_cast<int>(ColumnType::bytea_array); ++type)
    columns += fmt::format("c{} = \"{}\"\n", type, type_name(static_cast<ColumnType>(type)));

  const auto declared = rules(columns).declared;

  for (std::size_t i = 0; i < declared.size(); ++i)
    EXPECT_EQ(declared[i].type, static_cast<ColumnType>(i));
  EXPECT_EQ(declared.size(), 14U);
  for (int type = 0; type <= static_cast<int>(ColumnType::bytea_array); ++type)
    EXPECT_THAT(error_of_table("layout = 'columns'\ncolumns = { a = 'int' }\n"),
                HasSubstr(fmt::format("\"{}\"", type_name(static_cast<ColumnType>(type)))));
}

TEST_F(MappingConfigTest, APatternOfTablesHasAMappingToo) {
  const auto config = load(std::string{kTwoKeys} +
                           "[[table]]\nname = 'log-*'\nlayout = 'columns'\nomit = ['x']\n"
                           "columns = { total = 'numeric' }\n");

  const MappingRules& rules = config.tables.at(0).targets.at(0).mapping;
  EXPECT_EQ(rules.layout, LayoutKind::columns);
  EXPECT_EQ(rules.declared.size(), 1U);
}

TEST_F(MappingConfigTest, OptionTableKeepsTheMappingOfItsRule) {
  sources_.tables = {"log-1"};

  const auto config =
      load(std::string{kTwoKeys} + "[[table]]\nname = 'log-*'\nomit = ['password']\n");

  EXPECT_THAT(config.tables.at(0).targets.at(0).mapping.omit, ElementsAre("password"));
}

struct Wrong {
  const char* name;
  const char* keys;
  const char* message;
};

class WrongMapping : public MappingConfigTest, public testing::WithParamInterface<Wrong> {};

TEST_P(WrongMapping, IsRefusedWithItsPlace) {
  EXPECT_THAT(error_of_table(GetParam().keys), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongMapping,
    testing::Values(
        Wrong{"Layout", "layout = 'rows'\n",
              "dynamite.toml:5: layout is \"rows\", wanted \"document\" or \"columns\""},
        Wrong{"ColumnsOfDocument", "columns = { a = 'text' }\n",
              "dynamite.toml:5: columns is given, but layout is \"document\", wanted \"columns\""},
        Wrong{"NewColumnsOfDocument", "layout = 'document'\nnew_columns = true\n",
              "dynamite.toml:6: new_columns is given, but layout is \"document\""},
        Wrong{"KeepOfNoHistory", "history_keep = '90d'\n",
              "dynamite.toml:5: history_keep is given, but history is false, wanted true"},
        Wrong{"MaxColumnsOfDocument", "max_columns = 5\n", "max_columns is given, but layout is"},
        Wrong{"ColumnNamesOfDocument", "column_names = 'snake_case'\n",
              "column_names is given, but layout is"},
        Wrong{"MaxColumnsZero", "layout = 'columns'\nmax_columns = 0\n",
              "dynamite.toml:6: max_columns is 0, wanted a whole number from 1 to 1000"},
        Wrong{"MaxColumnsMany", "layout = 'columns'\nmax_columns = 1001\n", "from 1 to 1000"},
        Wrong{"NewColumns", "layout = 'columns'\nnew_columns = 'no'\n",
              "new_columns is \"no\", wanted true or false"},
        Wrong{"ColumnNames", "layout = 'columns'\ncolumn_names = 'camelCase'\n",
              "column_names is \"camelCase\", wanted \"as_attributes\" or \"snake_case\""},
        Wrong{
            "Where", "where = \"a = 1 b = 2\"\n",
            "dynamite.toml:5: clause of \"where\", column 7: \"b\" is there, wanted AND, OR or the "
            "end"},
        Wrong{"WhereOfLines", "where = \"\"\"\na = 1 AND\nb == 2\"\"\"\n",
              "dynamite.toml:5: clause of \"where\", line 2, column 4: \"=\" is there"},
        Wrong{"WhereWithAHint", "where = \"in = 1\"\n",
              "wanted a value, an attribute or size(path) (put an attribute's name that is a "
              "keyword, or"},
        Wrong{"WhereEmpty", "where = ''\n",
              "dynamite.toml:5: clause of \"where\", column 1: the end is there"},
        Wrong{"WhereOfTarget", "[[table.target]]\n[[table.target]]\nwhere = 'a'\ninto = 'b'\n",
              "dynamite.toml:7: clause of \"where\", column 2: the end is there"},
        Wrong{"WhereNumber", "where = 1\n",
              "dynamite.toml:5: where is 1, wanted a WHERE clause of PartiQL"},
        Wrong{"WhereNul", "where = \"a = '\\u0000'\"\n",
              "where is \"a = '?'\", wanted a WHERE clause of PartiQL without U+0000"},
        Wrong{"OnlyNothing", "only = []\n",
              "dynamite.toml:5: only is [], wanted a list of one or more patterns"},
        Wrong{"OnlyText", "only = 'total'\n", "only is \"total\", wanted a list"},
        Wrong{"OmitNoPattern", "omit = ['a', 'b..c']\n",
              "dynamite.toml:5: omit is [\"a\", \"b..c\"], wanted a list of patterns such as "
              "\"total\", \"address.*\", \"password*\", \"items[*].price\""},
        Wrong{"OmitNul", "omit = [\"a\\u0000\"]\n", "omit is [\"a?\"], wanted a list of patterns"},
        Wrong{"ColumnsText", "layout = 'columns'\ncolumns = 'all'\n",
              "dynamite.toml:6: columns is \"all\", wanted columns by name, such as "
              "{ total = \"numeric\", city = { from = \"address.city\" } }"},
        Wrong{"Type", "layout = 'columns'\ncolumns = { a = 'int' }\n",
              "dynamite.toml:6: columns.a is \"int\", wanted \"text\", \"numeric\", "},
        Wrong{"TypeNumber", "layout = 'columns'\ncolumns = { a = 4 }\n",
              "\"numeric[]\" or \"bytea[]\" or { from, take, type, unit }"},
        Wrong{"MemberType", "layout = 'columns'\ncolumns = { a = { type = 'int' } }\n",
              "dynamite.toml:6: columns.a.type is \"int\", wanted \"text\", \"numeric\", "},
        Wrong{"MemberUnknown", "layout = 'columns'\n[table.columns]\n\na = { form = 'b' }\n",
              "dynamite.toml:8: unknown key \"columns.a.form\", did you mean \"from\"?"},
        Wrong{"From", "layout = 'columns'\ncolumns = { a = { from = 'b[x]' } }\n",
              "columns.a.from is \"b[x]\", wanted the path of an attribute or of a part of one"},
        Wrong{"FromPattern", "layout = 'columns'\ncolumns = { a = { from = 'b*' } }\n",
              "columns.a.from is \"b*\", wanted the path"},
        Wrong{"FromNul", "layout = 'columns'\ncolumns = { a = { from = \"b\\u0000\" } }\n",
              "columns.a.from is \"b?\", wanted the path"},
        Wrong{"TakeNothing", "layout = 'columns'\ncolumns = { a = { take = 'ORDER#' } }\n",
              "columns.a.take is \"ORDER#\", wanted a pattern with {} once"},
        Wrong{"TakeTwice", "layout = 'columns'\ncolumns = { a = { take = '{}#{}' } }\n",
              "columns.a.take is \"{}#{}\", wanted a pattern with {} once"},
        Wrong{"TakeOfBoolean",
              "layout = 'columns'\ncolumns = { a = { take = '#{}', type = 'boolean' } }\n",
              "dynamite.toml:6: columns.a: take is given for type \"boolean\", which strings never "
              "have"},
        Wrong{"Unit",
              "layout = 'columns'\ncolumns = { a = { type = 'timestamptz', unit = 'ns' } }\n",
              "columns.a.unit is \"ns\", wanted \"s\", \"ms\" or \"us\""},
        Wrong{"UnitOfText", "layout = 'columns'\ncolumns = { a = { unit = 's' } }\n",
              "dynamite.toml:6: columns.a: unit is given for type \"text\", wanted type = "
              "\"timestamptz\""},
        Wrong{"UnitAndTake",
              "layout = 'columns'\n"
              "columns = { a = { type = 'timestamptz', unit = 's', take = '{}' } }\n",
              "columns.a: take is of strings and unit is of numbers, wanted only one of them"},
        Wrong{"NameEmpty", "layout = 'columns'\ncolumns = { '' = 'text' }\n",
              "dynamite.toml:6: \"\" is no name of a column, wanted 1 to 63 bytes"},
        Wrong{"NameLong",
              "layout = 'columns'\n[table.columns]\n"
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = 'text'\n",
              "is no name of a column, wanted 1 to 63 bytes"},
        Wrong{"NamedTwice", "layout = 'columns'\ncolumns = { a = 'text', a = 'text' }\n",
              "dynamite.toml:6: not TOML"}),
    [](const auto& info) { return std::string{info.param.name}; });

TEST_F(MappingConfigTest, AllErrorsAreReportedInTheFilesOrder) {
  const std::string text = error_of_table(R"(layout = "columns"
omit = "x"
columns = { b = { from = "", type = "int" }, a = 1 }
max_columns = 0
)");

  std::size_t last = 0;
  for (const char* wrong : {":6: omit is", ":7: columns.b.from is", ":7: columns.b.type is",
                            ":7: columns.a is 1", ":8: max_columns is"}) {
    const auto found = text.find(wrong);
    ASSERT_NE(found, text.npos) << wrong << " in " << text;
    EXPECT_GT(found, last) << wrong;
    last = found;
  }
}

}  // namespace
}  // namespace dynamite
