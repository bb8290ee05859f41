#include "layout/layout.hpp"

#include <gmock/gmock.h>

#include "core/key.hpp"
#include "layout/key_arrays.hpp"
#include "support/errors.hpp"

namespace dynamite {
namespace {

using enum KeyType;

std::vector<std::string> names_of(std::span<const Column> columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

TEST(DocumentLayout, HasTheKeyTheItemAndBookkeeping) {
  const Layout layout = Layout::document({{"pk", S}, KeyAttribute{"sk", N}});

  EXPECT_THAT(names_of(layout.all()),
              testing::ElementsAre("pk", "sk", "item", "mod_time", "create_time", "_types",
                                   "_version", "_epoch"));
  EXPECT_THAT(names_of(layout.values()), testing::ElementsAre("item", "_types"));
  EXPECT_EQ(layout.of(ColumnRole::epoch).type, ColumnType::integer);
}

TEST(DocumentLayout, OurColumnsAvoidBothKeys) {
  const Layout layout = Layout::document({{"_version", S}, KeyAttribute{"_version_", N}});

  EXPECT_EQ(layout.of(ColumnRole::version).name, "_version__");
}

TEST(KeyColumns, GetAnUnderscoreBehindASystemColumnsName) {
  EXPECT_EQ(KeyColumns(KeySchema{{"xmin", S}, {}}).names(), R"("xmin_")");
  EXPECT_EQ(KeyColumns(KeySchema{{"xmins", S}, {}}).names(), R"("xmins")");
}

TEST(KeyColumns, SayHowKeysOfRowsAndParametersMatch) {
  const KeyColumns keys{{{"pk", S}, KeyAttribute{"sk", B}}};

  EXPECT_EQ(keys.names("t"), R"(t."pk", t."sk")");
  EXPECT_EQ(keys.parts("u"), "u.k1, u.k2");
  EXPECT_EQ(keys.row_matches(), R"(t."pk" = u.k1 AND t."sk" = u.k2)");
  EXPECT_EQ(keys.rows({{.name = "time", .type = "timestamptz"}}),
            "(SELECT a.k1 AS k1, a.k2::bytea AS k2, a.time AS time, a.n FROM unnest($1::text[], "
            "$2::text[], $3::timestamptz[]) WITH ORDINALITY AS a(k1, k2, time, n)) AS u");
  EXPECT_EQ(keys.parameter(1), "$4");
}

TEST(KeyColumns, UnnestManyFieldsOneByOne) {
  const KeyColumns keys{{{"pk", N}, {}}};
  std::vector<ArrayField> fields;
  for (const char* name : {"a", "b", "c", "d"}) fields.push_back({.name = name, .type = "text"});

  EXPECT_THAT(keys.select_rows(fields),
              testing::HasSubstr(" FROM unnest($1::text[], $2::text[], "));

  fields.push_back({.name = "e", .type = "text", .cast = "::jsonb"});

  EXPECT_EQ(keys.select_rows(fields),
            "SELECT a.k1::numeric AS k1, a.a AS a, a.b AS b, a.c AS c, a.d AS d, a.e::jsonb AS e, "
            "a.n FROM (SELECT unnest($1::text[]) AS k1, unnest($2::text[]) AS a, "
            "unnest($3::text[]) AS b, unnest($4::text[]) AS c, unnest($5::text[]) AS d, "
            "unnest($6::text[]) AS e, generate_subscripts($1::text[], 1) AS n) AS a");
}

TEST(KeyColumns, ReadAKeyFromItsTexts) {
  const KeyColumns keys{{{"pk", N}, KeyAttribute{"sk", B}}};
  std::string expected;
  append_key_part(expected, "15e-1");
  append_key_part(expected, std::string_view{"\0\xFF", 2});

  EXPECT_EQ(keys.canonical_key({"1.50", R"(\x00ff)"}), expected);
}

TEST(KeyArrays, RefuseWhatTextCannotHold) {
  const KeySchema schema{{"pk", S}, {}};
  KeyArrays keys{schema};
  std::string key;
  append_key_part(key, std::string_view{"a\0b", 3});

  EXPECT_FALSE(is_storable(key, schema));
  const Error error = test::error_of([&] { keys.append(key); });
  EXPECT_EQ(error.kind(), Error::Kind::poison);
  EXPECT_EQ(keys.size(), 0U);
}

}  // namespace
}  // namespace dynamite
