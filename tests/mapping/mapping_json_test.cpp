#include "mapping/mapping_json.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "support/errors.hpp"

namespace dynamite {
namespace {

using test::error_of;
using testing::HasSubstr;

TEST(MappingJson, OfANewMappingSaysNothing) {
  EXPECT_EQ(to_json(Mapping{}), "{}");
  EXPECT_EQ(mapping_of_json(LayoutKind::document, "{}"), Mapping{});
}

TEST(MappingJson, DoesNotSayTheLayout) {
  const Mapping mapping{.rules = {.layout = LayoutKind::columns}};

  EXPECT_EQ(to_json(mapping), "{}");
  EXPECT_EQ(mapping_of_json(LayoutKind::columns, "{}"), mapping);
}

Mapping rich_mapping() {
  const AttributeColumn total{.name = "total",
                              .type = ColumnType::numeric,
                              .from = AttributePath::of("total"),
                              .filling = true};
  const AttributeColumn line{.name = "say \"x\"\u000a",
                             .type = ColumnType::text,
                             .from = *AttributePath::parse("address.lines[0]"),
                             .take = TakePattern::parse("#{}*")};
  const AttributeColumn seen{.name = "seen",
                             .type = ColumnType::timestamptz,
                             .from = AttributePath::of("seen.at"),
                             .unit = TimeUnit::ms};
  const AttributeColumn gone{
      .name = "gone", .type = ColumnType::jsonb, .from = AttributePath::of(""), .retired = true};
  return {.rules = {.layout = LayoutKind::columns,
                    .declared = {line, seen},
                    .only = {"a", "b.*"},
                    .omit = {"password*", R"("say ""x""")"},
                    .hash = {"email", "pk"},
                    .hash_fingerprint = "0123456789abcdef",
                    .new_columns = false,
                    .columns_max = 7,
                    .column_names = ColumnNames::snake_case,
                    .keep_removed = true,
                    .keep_expired = true,
                    .history = true,
                    .history_keep = std::chrono::hours{24}},
          .columns = {line, seen, total, gone}};
}

TEST(MappingJson, HasAllThatDiffersFromANewMapping) {
  EXPECT_EQ(
      to_json(rich_mapping()),
      R"({"declared":[)"
      R"({"name":"say \"x\"\u000a","type":"text","from":["address","lines",0],"take":"#{}*"},)"
      R"({"name":"seen","type":"timestamptz","from":["seen.at"],"unit":"ms"}],)"
      R"("only":["a","b.*"],"omit":["password*","\"say \"\"x\"\"\""],"hash":["email","pk"],)"
      R"("hash_fingerprint":"0123456789abcdef","new_columns":false,)"
      R"("max_columns":7,"column_names":"snake_case","removed":"keep","expired":"keep",)"
      R"("history":true,"history_keep":86400,"columns":[)"
      R"({"name":"say \"x\"\u000a","type":"text","from":["address","lines",0],"take":"#{}*"},)"
      R"({"name":"seen","type":"timestamptz","from":["seen.at"],"unit":"ms"},)"
      R"({"name":"total","type":"numeric","from":["total"],"filling":true},)"
      R"({"name":"gone","type":"jsonb","from":[""],"retired":true}]})");
}

TEST(MappingJson, IsReadBackAsItWasWritten) {
  EXPECT_EQ(mapping_of_json(LayoutKind::columns, to_json(rich_mapping())), rich_mapping());
}

TEST(MappingJson, HoldsNoSecret) {
  const std::string secret = "a secret of enough bytes";
  Mapping mapping = rich_mapping();
  mapping.hash_key = std::make_shared<const HashKey>(secret);

  EXPECT_EQ(to_json(mapping), to_json(rich_mapping()));
  EXPECT_EQ(mapping, rich_mapping());
}

TEST(MappingJson, IsReadInWhateverOrderJsonbGivesIt) {
  const Mapping mapping = mapping_of_json(
      LayoutKind::columns,
      R"({"omit": ["x"], "columns": [{"from": ["a", 2], "name": "a_2", "type": "bigint"}]})");

  EXPECT_EQ(mapping, (Mapping{.rules = {.layout = LayoutKind::columns, .omit = {"x"}},
                              .columns = {{.name = "a_2",
                                           .type = ColumnType::bigint,
                                           .from = *AttributePath::parse("a[2]")}}}));
}

TEST(MappingJson, OfEveryColumnTypeIsReadBack) {
  for (int type = 0; type <= static_cast<int>(ColumnType::bytea_array); ++type) {
    const Mapping mapping{
        .columns = {
            {.name = "a", .type = static_cast<ColumnType>(type), .from = AttributePath::of("a")}}};

    EXPECT_EQ(mapping_of_json(LayoutKind::document, to_json(mapping)), mapping);
  }
}

struct Newer {
  const char* json;
  const char* message;
};

void PrintTo(const Newer& newer, std::ostream* out) { *out << newer.json; }

class NewerMapping : public testing::TestWithParam<Newer> {};

TEST_P(NewerMapping, IsRefused) {
  const Error error = error_of([&] { mapping_of_json(LayoutKind::columns, GetParam().json); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("the catalogue holds a mapping of a newer dynamite: "));
  EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  EXPECT_EQ(error.hint(), "install a newer dynamite");
}

INSTANTIATE_TEST_SUITE_P(
    Texts, NewerMapping,
    testing::Values(
        Newer{R"({"encrypt": ["email"]})", "it has a member \"encrypt\""},
        Newer{R"({"columns": [{"default": "x"}]})", "it has a member \"default\""},
        Newer{R"({"columns": [{"type": "point"}]})", "it has a column of type \"point\""},
        Newer{R"({"columns": [{"unit": "ns"}]})", "it has a unit \"ns\""},
        Newer{R"({"columns": [{"unit": ""}]})", "it has a unit \"\""},
        Newer{R"({"columns": [{"take": "ORDER#"}]})", "it has a pattern \"ORDER#\""},
        Newer{R"({"columns": [{"from": ["a", -1]}]})", "it has another number than a whole one"},
        Newer{R"({"columns": [{"from": "a"}]})", "a string where an array must be"},
        Newer{R"({"columns": [{"name": "a"}]})", "it has a column of no attribute"},
        Newer{R"({"declared": [{"from": [0]}]})", "it has a column of no attribute"},
        Newer{R"({"column_names": "camelCase"})", "it has column names \"camelCase\""},
        Newer{R"({"max_columns": 1.5})", "it has another number than a whole one"},
        Newer{R"({"removed": "archive"})", "it has a rule for removed items \"archive\""},
        Newer{R"({"new_columns": 1})", "it has another value than true or false"},
        Newer{R"({"only": {"a": 1}})", "an object where an array must be"},
        Newer{R"([])", "an array where an object must be"}));

}  // namespace
}  // namespace dynamite
