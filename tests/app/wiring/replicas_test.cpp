#include "app/wiring/replicas.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "support/errors.hpp"

namespace dynamite {
namespace {

TableDescription orders() {
  TableDescription description;
  description.name = "Orders";
  description.arn = "arn:aws:dynamodb:us-west-2:123456789012:table/Orders";
  description.key_schema = {.partition = {.name = "pk", .type = KeyType::S}, .sort = {}};
  return description;
}

Config config_with(MappingRules mapping) {
  Config config;
  config.tables.push_back(
      {.name = "Ord*",
       .targets = {{.into_schema = {}, .into_table = {}, .mapping = std::move(mapping)}}});
  return config;
}

TEST(TargetOf, ShowsAllAsDocumentWithoutARule) {
  EXPECT_EQ(target_of({}, orders()).targets.at(0).mapping, Mapping{});
}

TEST(TargetOf, HasTheRulesMappingAndItsDeclaredColumns) {
  const MappingRules rules{.layout = LayoutKind::columns,
                           .declared = {{.name = "total",
                                         .type = ColumnType::numeric,
                                         .from = AttributePath::of("total")}},
                           .omit = {"password"}};

  const Target target = target_of(config_with(rules), orders()).targets.at(0);

  EXPECT_EQ(target.mapping, (Mapping{.rules = rules, .columns = rules.declared}));
  EXPECT_EQ(target.layout.values()[0].name, "total");
}

TEST(TargetOf, MakesEveryTarget) {
  Config config;
  config.tables.push_back(
      {.name = "Orders",
       .targets = {
           {.into_schema = "sales", .into_table = "documents", .mapping = {}},
           {.into_schema = {}, .into_table = {}, .mapping = {.layout = LayoutKind::columns}}}});

  const Replica replica = target_of(config, orders());

  EXPECT_EQ(replica.qualified_names(), R"("sales"."documents", "public"."Orders")");
  EXPECT_EQ(replica.targets.at(0).mapping, Mapping{});
  EXPECT_EQ(replica.targets.at(1).mapping.rules.layout, LayoutKind::columns);
}

TEST(TargetOf, HashesUnderTheKeyThatIsGiven) {
  Config config = config_with({.hash = {"pk", "email"}});
  config.hash_key = std::make_shared<const HashKey>("a secret of enough bytes");

  const Target target = target_of(config, orders()).targets.at(0);

  EXPECT_EQ(target.mapping.rules.hash_fingerprint, config.hash_key->fingerprint());
  EXPECT_EQ(target.mapping.hash_key, config.hash_key);
}

TEST(TargetOf, RefusesToHashWithoutAKey) {
  EXPECT_EQ(test::failure_of([] { target_of(config_with({.hash = {"email"}}), orders()); }),
            "usage: a target of \"Orders\" has `hash`, but no key of hash is given");
  EXPECT_EQ(target_of(config_with({}), orders()).targets.at(0).mapping.rules.hash_fingerprint, "");
}

TEST(TargetOf, NamesTheTableWhoseDeclaredColumnCannotBe) {
  const MappingRules rules{.layout = LayoutKind::columns,
                           .declared = {{.name = "pk", .from = AttributePath::of("total")}}};

  EXPECT_EQ(test::failure_of([&] { target_of(config_with(rules), orders()); }),
            "usage: the declared column \"pk\" of \"Orders\" has the name of a key column");
}

}  // namespace
}  // namespace dynamite
