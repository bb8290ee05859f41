#include "mapping/new_columns.hpp"

#include <gmock/gmock.h>

#include <random>
#include <set>
#include <string>

#include "support/errors.hpp"

namespace dynamite {
namespace {

using enum KeyType;
using test::failure_of;
using testing::ElementsAre;
using testing::IsEmpty;

const KeySchema kKeys{.partition = {.name = "pk", .type = S},
                      .sort = KeyAttribute{.name = "sk", .type = S}};

AttributeColumn column(std::string_view name, ColumnType type, std::string_view from) {
  return {.name = std::string{name}, .type = type, .from = *AttributePath::parse(from)};
}

AttributeNote seen(std::string_view name, std::string_view type = "S") {
  return {.name = std::string{name}, .type = std::string{type}};
}

Mapping columns_mapping(MappingRules rules = {}) {
  rules.layout = LayoutKind::columns;
  return {.rules = std::move(rules)};
}

std::vector<std::string> names(const std::vector<AttributeColumn>& columns) {
  std::vector<std::string> names;
  for (const AttributeColumn& column : columns) names.push_back(column.name);
  return names;
}

std::vector<std::string> new_names(const Mapping& mapping, const std::vector<AttributeNote>& seen,
                                   const std::vector<std::string>& taken = {}) {
  return names(new_columns(mapping, kKeys, seen, taken));
}

TEST(NewColumns, HaveTheTypeOfTheValues) {
  using enum ColumnType;
  const std::vector<AttributeNote> attributes{
      seen("a", "S"),  seen("b", "N"),  seen("c", "BOOL"), seen("d", "B"), seen("e", "SS"),
      seen("f", "NS"), seen("g", "BS"), seen("h", "M"),    seen("i", "L"), seen("j", "NULL")};

  EXPECT_THAT(
      new_columns(columns_mapping(), kKeys, attributes),
      ElementsAre(column("a", text, "a"), column("b", numeric, "b"), column("c", boolean, "c"),
                  column("d", bytea, "d"), column("e", text_array, "e"),
                  column("f", numeric_array, "f"), column("g", bytea_array, "g"),
                  column("h", jsonb, "h"), column("i", jsonb, "i")));
}

TEST(NewColumns, OfAnAttributeWithSeveralTypesHaveTheFirst) {
  EXPECT_THAT(new_columns(columns_mapping(), kKeys,
                          std::vector{seen("a", "NULL"), seen("a", "N"), seen("a", "S")}),
              ElementsAre(column("a", ColumnType::numeric, "a")));
}

TEST(NewColumns, AreNotMadeOfKeys) {
  EXPECT_THAT(new_names(columns_mapping(), {seen("pk"), seen("sk", "N"), seen("a")}),
              ElementsAre("a"));
}

TEST(NewColumns, AreNotMadeOfWhatAColumnTakesWhole) {
  Mapping mapping = columns_mapping();
  mapping.columns = {column("sum", ColumnType::numeric, "total")};

  EXPECT_THAT(new_names(mapping, {seen("total"), seen("sum")}), ElementsAre("sum_"));
}

TEST(NewColumns, AreMadeOfWhatAColumnTakesAPartOf) {
  Mapping mapping = columns_mapping();
  mapping.columns = {column("city", ColumnType::text, "address.city"),
                     column("id", ColumnType::text, "order")};
  mapping.columns.back().take = TakePattern::parse("ORDER#{}");

  EXPECT_THAT(new_names(mapping, {seen("address", "M"), seen("order")}),
              ElementsAre("address", "order"));
}

TEST(NewColumns, OfARetiredColumnsAttributeAvoidItsName) {
  Mapping mapping = columns_mapping({.columns_max = 1});
  mapping.columns = {column("total", ColumnType::text, "total")};
  mapping.columns.back().retired = true;

  EXPECT_THAT(new_names(mapping, {seen("total", "N"), seen("more")}), ElementsAre("total_"));
}

TEST(NewColumns, AvoidEveryOtherColumnsName) {
  EXPECT_THAT(new_names(columns_mapping(),
                        {seen("_rest"), seen("_version"), seen("_version_"), seen("mod_time"),
                         seen("ctid"), seen("tableoid"), seen("dba"), seen("dba_"), seen("pK")},
                        {"dba", "dba_", "_rest_"}),
              ElementsAre("_rest__", "_version_", "_version__", "mod_time_", "ctid_", "tableoid_",
                          "dba__", "dba___", "pK"));
}

TEST(NewColumns, AreOnlyMadeInLayoutColumns) {
  EXPECT_THAT(new_names(Mapping{}, {seen("a")}), IsEmpty());
  EXPECT_THAT(new_names(columns_mapping({.new_columns = false}), {seen("a")}), IsEmpty());
}

TEST(NewColumns, FillWhatRoomIsLeft) {
  Mapping mapping = columns_mapping({.columns_max = 3});
  mapping.columns = {column("city", ColumnType::text, "address.city")};

  EXPECT_THAT(new_names(mapping, {seen("a"), seen("b"), seen("c")}), ElementsAre("a", "b"));

  mapping.rules.columns_max = 0;
  EXPECT_THAT(new_names(mapping, {seen("a")}), IsEmpty());
}

TEST(NewColumns, AreNotMadeOfWhatIsNotShown) {
  EXPECT_THAT(new_names(columns_mapping({.omit = {"password*", "address.zip"}}),
                        {seen("password_hash"), seen("address", "M"), seen("a")}),
              ElementsAre("address", "a"));
  EXPECT_THAT(new_names(columns_mapping({.only = {"total", "address.zip"}}),
                        {seen("a"), seen("address", "M"), seen("total")}),
              ElementsAre("address", "total"));
}

TEST(NewColumns, AreNotMadeOfNamesThatPostgresCannotHold) {
  using namespace std::string_literals;
  EXPECT_THAT(new_names(columns_mapping(), {seen(""), seen("a\0b"s), seen("a\nb\"")}),
              ElementsAre("a\nb\""));
}

TEST(NewColumns, HaveNamesOfAtMost63Bytes) {
  const std::string longest(63, 'x');
  const std::string hostile(65'535, '\xC3');

  const auto columns = new_names(columns_mapping(),
                                 {seen(longest), seen(longest + "1"), seen(longest + "2"),
                                  seen(hostile), seen(longest.substr(1))},
                                 {longest});

  EXPECT_EQ(std::set(columns.begin(), columns.end()).size(), 5U);
  EXPECT_EQ(columns.back(), longest.substr(1));
  for (const std::string& name : columns) EXPECT_LE(name.size(), 63U);
}

TEST(NewColumns, InSnakeCaseAvoidEachOther) {
  EXPECT_THAT(new_names(columns_mapping({.column_names = ColumnNames::snake_case}),
                        {seen("orderId"), seen("OrderID"), seen("order_id"), seen("PK"), seen("%"),
                         seen("ModTime")}),
              ElementsAre("order_id", "order_id_", "order_id__", "pk_", "_", "mod_time_"));
}

TEST(NewColumns, OfAnyNamesAreAllDifferentAndFree) {
  std::mt19937_64 random{testing::UnitTest::GetInstance()->random_seed() + 1U};
  for (int round = 0; round < 300; ++round) {
    std::vector<AttributeNote> attributes;
    for (int i = 0; i < 60; ++i) {
      std::string name(random() % 3 == 0 ? 60 : 0, 'x');
      while (random() % 4 != 0) name += "aA_"[random() % 3];
      attributes.push_back(seen(name));
    }
    const auto naming = random() % 2 == 0 ? ColumnNames::snake_case : ColumnNames::as_attributes;
    Mapping mapping = columns_mapping({.column_names = naming});

    mapping.columns = new_columns(mapping, kKeys, attributes);

    std::set<std::string> names, quoted;
    const Layout layout = mapping.layout(kKeys);
    for (const Column& column : layout.all()) {
      names.insert(column.name);
      quoted.insert(column.quoted());
    }
    EXPECT_EQ(names.size(), layout.all().size());
    EXPECT_EQ(mapping.columns.size() + Layout::columns(kKeys, {}).all().size(), names.size());
    EXPECT_THAT(new_columns(mapping, kKeys, attributes), IsEmpty());
  }
}

TEST(InitialColumns, AreTheDeclaredOnes) {
  const MappingRules rules{.layout = LayoutKind::columns,
                           .declared = {column("total", ColumnType::numeric, "total"),
                                        column("city", ColumnType::text, "address.city")},
                           .only = {"address.*", "total"}};

  EXPECT_EQ(initial_columns(rules, kKeys, "Orders"), rules.declared);
  EXPECT_THAT(initial_columns({}, kKeys, "Orders"), IsEmpty());
}

std::string refusal_of(std::string_view name, std::string_view from, MappingRules rules = {}) {
  rules.layout = LayoutKind::columns;
  rules.declared = {column(name, ColumnType::text, from)};
  return failure_of([&] { initial_columns(rules, kKeys, "Orders"); });
}

TEST(InitialColumns, HaveNoNameOfAnotherColumn) {
  EXPECT_EQ(refusal_of("sk", "a"),
            "usage: the declared column \"sk\" of \"Orders\" has the name of a key column");
  EXPECT_EQ(
      refusal_of("_rest", "a"),
      "usage: the declared column \"_rest\" of \"Orders\" has the name of a column of dynamite");
  EXPECT_EQ(
      refusal_of("xmin", "a"),
      "usage: the declared column \"xmin\" of \"Orders\" has the name of a column of PostgreSQL");
}

TEST(InitialColumns, TakeWhatIsShown) {
  EXPECT_EQ(refusal_of("zip", "address.zip", {.omit = {"address.*"}}),
            "usage: the declared column \"zip\" of \"Orders\" takes address.zip, which `only` or "
            "`omit` hides");
  EXPECT_EQ(refusal_of("id", "sk", {.only = {"total"}}), "");
  EXPECT_EQ(refusal_of("zip", "address.zip", {.omit = {"address.city"}}), "");
}

}  // namespace
}  // namespace dynamite
