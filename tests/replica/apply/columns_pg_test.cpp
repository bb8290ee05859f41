#include <fmt/format.h>
#include <gmock/gmock.h>

#include <deque>
#include <set>

#include "json/scanner.hpp"
#include "json/text.hpp"
#include "replica/source_model.hpp"
#include "replica/state/pass.hpp"
#include "support/rebuilt_item.hpp"

namespace dynamite::test {
namespace {

using enum KeyType;

AttributeColumn column(const std::string& name, ColumnType type) {
  return {.name = name, .type = type, .from = AttributePath::of(name)};
}

class ColumnsTest : public ReplicaTest {
 protected:
  Replica make(const KeySchema& key_schema, const std::string& name,
               std::vector<AttributeColumn> columns) {
    Replica wanted = wanted_replica(key_schema, name);
    const Mapping mapping{.rules = {.layout = LayoutKind::columns}, .columns = std::move(columns)};
    wanted.targets = {new_target(state_schema(), schema(), name, key_schema, mapping)};
    return make_replica(wanted);
  }

  void put(const Replica& table, const std::vector<std::string>& items) {
    std::vector<TestChange> changes;
    for (const std::string& item : items) changes.push_back(put_item(item, ++sequence_number_));
    Applier{*connection, {.on_poison = OnPoison::stop}}.apply(
        {.table = table, .batch = batch_of(table, changes)});
  }

  std::uint64_t sequence_number_ = 0;
};

TEST_F(ColumnsTest, EachAttributeStandsInItsColumn) {
  const Replica table =
      make(keys(S, N), "typed",
           {column("name", ColumnType::text), column("total", ColumnType::numeric),
            column("paid", ColumnType::boolean), column("photo", ColumnType::bytea),
            column("lines", ColumnType::jsonb), column("tags", ColumnType::text_array),
            column("sizes", ColumnType::numeric_array), column("keys", ColumnType::bytea_array)});

  put(table, {R"({"pk":{"S":"k"},"sk":{"N":"7"},"name":{"S":"a\"\u00e9\n"},"total":{"N":"-12.50"},
      "paid":{"BOOL":true},"photo":{"B":"AP8="},"lines":{"L":[{"N":"1"},{"B":"AA=="}]},
      "tags":{"SS":["b","a\"\\"]},"sizes":{"NS":["10","9"]},"keys":{"BS":["/w==","AA=="]}})"});

  EXPECT_EQ(
      query("SELECT pk, sk, name, total, paid, photo, lines, tags, sizes, keys, _rest, _types "
            "FROM typed"),
      "k|7|a\"é\n|-12.50|t|\\x00ff|[1, \"AA==\"]|{\"a\\\"\\\\\",b}|{9,10}|"
      "{\"\\\\x00\",\"\\\\xff\"}|NULL|{\"/lines/1\": \"B\"}");
}

TEST_F(ColumnsTest, WhatDoesNotFitStandsInTheRest) {
  const Replica table =
      make(keys(S), "typed",
           {column("text", ColumnType::text), column("number", ColumnType::numeric),
            column("flag", ColumnType::boolean), column("tags", ColumnType::text_array),
            column("map", ColumnType::jsonb)});

  put(table, {R"({"pk":{"S":"k"},"text":{"S":"a\u0000"},"number":{"S":"1"},"flag":{"NULL":true},
          "tags":{"SS":["\u0000"]},"map":{"S":"m"},"other":{"NS":["1"]}})"});

  EXPECT_EQ(
      query("SELECT text, number, flag, tags, map, _rest, _types FROM typed"),
      R"(NULL|NULL|NULL|NULL|NULL|{"map": "m", "flag": null, "tags": ["AA=="], "text": "YQA=", "other": [1], )"
      R"("number": "1"}|{"/tags": "SS", "/text": "S:base64", "/other": "NS", )"
      R"("/tags/0": "S:base64"})");
}

TEST_F(ColumnsTest, PartsAndInnerValuesAreShownBesideTheirAttributes) {
  const Replica table = make(
      keys(S), "typed",
      {{.name = "customer", .from = AttributePath::of("pk"), .take = TakePattern::parse("CUST#{}")},
       {.name = "city", .from = *AttributePath::parse("address.city")},
       {.name = "first", .type = ColumnType::numeric, .from = *AttributePath::parse("list[1]")},
       {.name = "part", .type = ColumnType::jsonb, .from = *AttributePath::parse("address.in")},
       column("address", ColumnType::jsonb)});

  put(table, {R"({"pk":{"S":"CUST#7"},"address":{"M":{"city":{"S":"Bonn"},"in":{"L":[{"B":""}]}}},
      "list":{"L":[{"S":"x"},{"N":"3"}]}})",
              R"({"pk":{"S":"ORDER#8"},"address":{"S":"none"}})"});

  EXPECT_EQ(query("SELECT customer, city, first, part, address, _rest, _types FROM typed "
                  "ORDER BY pk"),
            "7|Bonn|3|[\"\"]|{\"in\": [\"\"], \"city\": \"Bonn\"}|{\"list\": [\"x\", 3]}|"
            "{\"/address/in/0\": \"B\"}\n"
            "NULL|NULL|NULL|NULL|NULL|{\"address\": \"none\"}|NULL");
}

TEST_F(ColumnsTest, ConvertedValuesStandInTheirColumnsIfTheyFit) {
  const auto converted = [](const std::string& name, ColumnType type,
                            TimeUnit unit = TimeUnit::none) {
    AttributeColumn made = column(name, type);
    made.unit = unit;
    return made;
  };
  const Replica table = make(
      keys(S), "typed",
      {converted("big", ColumnType::bigint), converted("small", ColumnType::integer),
       converted("real", ColumnType::double_precision), converted("at", ColumnType::timestamptz),
       converted("seen", ColumnType::timestamptz, TimeUnit::ms), converted("day", ColumnType::date),
       converted("id", ColumnType::uuid)});
  const std::string columns =
      "SELECT big, small, real, at AT TIME ZONE 'UTC', "
      "seen AT TIME ZONE 'UTC', day, id, _rest FROM typed ORDER BY pk";

  put(table, {R"({"pk":{"S":"1"},"big":{"N":"9223372036854775807"},"small":{"N":"-1e3"},
      "real":{"N":"0.1"},"at":{"S":"2024-02-29T23:59:59.5+01:00"},"seen":{"N":"1700000000123"},
      "day":{"S":"0001-01-01"},"id":{"S":"{A0EEBC99-9c0b4ef8-bb6d6bb9bd380a11}"}})",
              R"({"pk":{"S":"2"},"big":{"N":"9223372036854775808"},"small":{"N":"2147483648"},
      "real":{"N":"0.12345678901234567"},"at":{"S":"2024-02-29T23:59:59.5"},"seen":{"N":"0.0001"},
      "day":{"S":"today"},"id":{"S":"a0eebc99"}})"});

  EXPECT_EQ(query(columns),
            "9223372036854775807|-1000|0.1|2024-02-29 22:59:59.5|2023-11-14 22:13:20.123|"
            "0001-01-01|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|NULL\n"
            "NULL|NULL|NULL|NULL|NULL|NULL|NULL|"
            R"({"at": "2024-02-29T23:59:59.5", "id": "a0eebc99", "big": 9223372036854775808, )"
            R"("day": "today", "real": 0.12345678901234567, "seen": 0.0001, "small": 2147483648})");
}

TEST_F(ColumnsTest, WhatStandsInTheRestIsNotedOnce) {
  const Replica table = make(keys(S), "typed", {column("total", ColumnType::numeric)});
  const std::string notes =
      fmt::format("SELECT name, type FROM {}.attribute ORDER BY 1, 2", state_schema());
  Applier applier{*connection, {.on_poison = OnPoison::stop}};
  const auto apply = [&](const std::string& item) {
    const Batch batch = batch_of(table, {put_item(item, ++sequence_number_)});
    applier.apply({.table = table, .batch = batch});
  };

  apply(R"({"pk":{"S":"k"},"total":{"N":"1"},"new":{"S":"x"}})");
  apply(R"({"pk":{"S":"k"},"total":{"S":"1"},"new":{"SS":["x"]}})");
  EXPECT_EQ(query(notes), "new|S\nnew|SS\ntotal|S");
  query(fmt::format("DELETE FROM {}.attribute", state_schema()));
  apply(R"({"pk":{"S":"k"},"new":{"S":"y"}})");
  EXPECT_EQ(query(notes), "");
}

TEST_F(ColumnsTest, TenThousandNamesAreNotedInPart) {
  const Replica table = make(keys(S), "typed", {});
  std::string image = R"({"pk":{"S":"k"})";
  for (int i = 0; i < 10'000; ++i) image += fmt::format(R"(,"n{}":{{"N":"{}"}})", i, i);
  image += fmt::format(R"(,"{}":{{"S":"long"}}}})", std::string(65'000, 'n'));

  put(table, {image});

  EXPECT_EQ(query("SELECT count(*) FROM typed, jsonb_object_keys(_rest)"), "10001");
  EXPECT_EQ(query(fmt::format("SELECT count(*), max(length(name)) <= 255 FROM {}.attribute",
                              state_schema())),
            "1000|t");
}

TEST_F(ColumnsTest, ARetiredColumnIsNull) {
  AttributeColumn retired = column("name", ColumnType::text);
  const Replica table = make(keys(S), "typed", {retired});
  put(table, {R"({"pk":{"S":"k"},"name":{"S":"n"}})"});
  Replica now = table;
  now.targets.front().mapping.columns.front().retired = true;
  now.targets.front().layout = now.targets.front().mapping.layout(keys(S));

  put(now, {R"({"pk":{"S":"k"},"name":{"S":"n2"}})"});

  EXPECT_EQ(query("SELECT name, _rest FROM typed"), R"(NULL|{"name": "n2"})");
}

/// Columns for some of the attributes that the items have, of the types that they have there.
std::vector<AttributeColumn> random_columns(std::uint64_t seed, const KeySchema& schema) {
  constexpr std::array kTypes{ColumnType::text,          ColumnType::numeric,
                              ColumnType::bytea,         ColumnType::jsonb,
                              ColumnType::boolean,       ColumnType::text_array,
                              ColumnType::numeric_array, ColumnType::bytea_array};
  std::mt19937_64 random{seed};
  RandomItems items{seed, {.attributes_max = 12}};
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const std::string image = items.item(schema, i);
    JsonScanner scanner{image};
    scan_object(scanner, [&](std::string_view name) {
      std::string text;
      append_unescaped(text, name);
      scanner.skip_value();
      if (random() % 3 == 0) names.insert(std::move(text));
    });
  }
  std::vector<AttributeColumn> columns;
  for (const std::string& name : names) {
    if (name == "pk" || name == "sk") continue;
    AttributeColumn made = column(name, kTypes[random() % kTypes.size()]);
    made.name = fmt::format("c{}", columns.size());
    columns.push_back(std::move(made));
  }
  return columns;
}

TEST_F(ColumnsTest, ColumnsRestAndTypesGiveBackTheItem) {
  const std::uint64_t first = from_environment("DYNAMITE_TEST_SEED", 0);
  const std::uint64_t count = from_environment("DYNAMITE_TEST_SEEDS", 60);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const KeySchema schema = seed % 2 == 0 ? keys(S, B) : keys(B, N);
    const std::string name = fmt::format("random_{}", seed);
    const Replica table = make(schema, name, random_columns(seed, schema));
    RandomItems items{seed + 1'000, {.attributes_max = 12}};
    std::vector<TestChange> puts, page;
    std::vector<std::string> expected;
    for (std::uint64_t key = 0; key < 60; ++key) {
      const std::string image = items.item(schema, key);
      (key < 30 ? puts : page).push_back(key < 30 ? put_item(image, key + 1) : scanned_item(image));
      expected.push_back(canonical_dynamodb_json(image));
    }
    std::ranges::sort(expected);
    const Batch batch = batch_of(table, page);
    const std::int32_t pass = Passes{*connection, table}.start({.segments = 1}, {});
    const PreparedBatch copied = prepare_copy(batch.changes, table, pass);

    const ApplyOutcome put = Applier{*connection, {.on_poison = OnPoison::stop}}.apply(
        {.table = table, .batch = batch_of(table, puts)});
    const ApplyOutcome scanned = Applier{*connection, {.on_poison = OnPoison::stop}}.apply(
        {.table = table, .batch = batch, .prepared = &copied, .fence = {.writer = ByPass{pass}}});

    ASSERT_EQ(put.applied + scanned.applied, 60U);
    ASSERT_TRUE(scanned.copied);
    ASSERT_EQ(items_of(*connection, table), expected);
  }
}

}  // namespace
}  // namespace dynamite::test
