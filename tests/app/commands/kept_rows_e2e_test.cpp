#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "app/commands/mapped_table.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class KeptRowsE2eTest : public MappedTableTest {
 protected:
  void SetUp() override {
    MappedTableTest::SetUp();
    if (!HasFatalFailure()) make_table(keys(KeyType::S));
  }
  void remove(const std::string& key) { source_.api().delete_item(table_, key); }
  std::string rows_and_removals() {
    return rows("kept", "pk, n, CASE WHEN removed_at IS NULL THEN 'there' ELSE 'removed' END");
  }
};

constexpr const char* kKeep = "into = 'kept'\nlayout = 'columns'\nremoved = 'keep'\n";

TEST_F(KeptRowsE2eTest, TheRowOfARemovedItemStaysThroughPassesAndComparisons) {
  put(R"({"pk":{"S":"a"},"n":{"N":"1"}})");
  put(R"({"pk":{"S":"b"},"n":{"N":"2"}})");
  run(kKeep, {"bootstrap"});
  run(kKeep, {"replicate", "--once"});

  remove(R"({"pk":{"S":"a"}})");
  run(kKeep, {"replicate", "--once"});
  EXPECT_EQ(rows_and_removals(), "a 1 removed; b 2 there");
  run(kKeep, {"compare"});
  run(kKeep, {"snapshot"});
  EXPECT_EQ(rows_and_removals(), "a 1 removed; b 2 there");

  put(R"({"pk":{"S":"a"},"n":{"N":"3"}})");
  run(kKeep, {"replicate", "--once"});
  EXPECT_EQ(rows_and_removals(), "a 3 there; b 2 there");
  run(kKeep, {"compare"});
}

TEST_F(KeptRowsE2eTest, WhatCompareFindsWithoutItemIsKeptByItsRepair) {
  put(R"({"pk":{"S":"a"},"n":{"N":"1"}})");
  run(kKeep, {"bootstrap"});
  run(kKeep, {"replicate", "--once"});
  query(
      fmt::format("INSERT INTO {}.kept (pk, n, mod_time, create_time, _version, _epoch) VALUES "
                  "('ghost', 7, now(), now(), 0, 0)",
                  schema()));
  query(fmt::format("UPDATE {}.kept SET removed_at = now() WHERE pk = 'a'", schema()));

  EXPECT_EQ(finish(kKeep, {"compare"}).status, 3);
  run(kKeep, {"compare", "--repair"});

  EXPECT_EQ(rows_and_removals(), "a 1 there; ghost 7 removed");
  run(kKeep, {"compare"});
}

TEST_F(KeptRowsE2eTest, KeepingBeginsAndEndsByBootstrap) {
  const std::string plain = "into = 'kept'\n";
  put(R"({"pk":{"S":"a"},"n":{"N":"1"}})");
  run(plain, {"bootstrap"});
  run(plain, {"replicate", "--once"});

  EXPECT_THAT(run(plain + "expired = 'keep'\nremoved = 'keep'\n", {"bootstrap", "--dry-run"}),
              HasSubstr("ADD COLUMN \"removed_at\""));
  EXPECT_THAT(run(plain + "removed = 'keep'\n", {"bootstrap"}),
              AllOf(HasSubstr("changed"), HasSubstr("that somebody deletes are kept")));
  EXPECT_EQ(targets_that_need_a_pass(), "");
  remove(R"({"pk":{"S":"a"}})");
  run(plain + "removed = 'keep'\n", {"replicate", "--once"});
  EXPECT_EQ(rows("kept", "pk"), "a");

  const Finished refused = finish(plain, {"bootstrap"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.errors, HasSubstr("--drop-columns"));
  EXPECT_THAT(run(plain, {"bootstrap", "--drop-columns"}),
              HasSubstr("rows of removed items and their column \"removed_at\" go"));
  EXPECT_EQ(rows("kept", "pk"), "");
  run(plain, {"compare"});
}

}  // namespace
}  // namespace dynamite::test
