#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "app/commands/mapped_table.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;

class MappingTest : public MappedTableTest {
 protected:
  void SetUp() override {
    MappedTableTest::SetUp();
    if (!HasFatalFailure()) make_table(keys(KeyType::S));
  }

  /// One pass, and that `compare` finds nothing.
  void replicate(const std::string& mapping) {
    const Finished copied = finish(mapping, {"replicate", "--once"});
    ASSERT_EQ(copied.status, 0) << copied.errors;
    const Finished compared = finish(mapping, {"compare"});
    ASSERT_EQ(compared.status, 0) << compared.output << compared.errors;
  }
};

TEST_F(MappingTest, DeclaredColumnsAreFilled) {
  put(R"({"pk":{"S":"ORDER#7"},"total":{"N":"12.5"},"seenAt":{"N":"1700000000500"},)"
      R"("address":{"M":{"city":{"S":"Bonn"},"zip":{"S":"53111"}}}})");
  put(R"({"pk":{"S":"USER#8"},"total":{"S":"free"}})");

  replicate(R"(layout = "columns"
new_columns = false
[table.columns]
amount = { from = "total", type = "numeric" }
city = { from = "address.city" }
order_id = { from = "pk", take = "ORDER#{}" }
seen = { from = "seenAt", type = "timestamptz", unit = "ms" }
)");

  EXPECT_EQ(rows(table_, "amount, city, order_id, extract(epoch FROM seen), _rest"),
            R"(12.5 Bonn 7 1700000000.500000 {"address": {"zip": "53111", "city": "Bonn"}}; )"
            R"({"total": "free"})");
}

TEST_F(MappingTest, WhatIsOmittedIsInNoRow) {
  put(R"({"pk":{"S":"a"},"password_hash":{"S":"planted-secret"},"n":{"N":"1"},)"
      R"("card":{"M":{"number":{"S":"planted-secret"},"owner":{"S":"A"}}}})");
  const std::string omit = "omit = [\"password*\", \"card.number\"]\n";

  replicate(omit);

  EXPECT_EQ(rows(table_, "item"), R"({"n": 1, "pk": "a", "card": {"owner": "A"}})");
}

TEST_F(MappingTest, OnlyNarrowsLayoutColumns) {
  put(R"({"pk":{"S":"a"},"n":{"N":"1"},"secret":{"S":"planted-secret"},)"
      R"("card":{"M":{"number":{"S":"planted-secret"},"owner":{"S":"A"}}}})");

  replicate("layout = \"columns\"\nonly = [\"n\", \"card.owner\"]\nnew_columns = false\n");

  EXPECT_EQ(rows(table_, "pk, _rest"), R"(a {"n": 1, "card": {"owner": "A"}})");
}

TEST_F(MappingTest, ADeclaredColumnNamedAsAKeyColumnIsRefused) {
  const Finished refused =
      finish("layout = \"columns\"\ncolumns = { pk = { from = \"total\" } }\n", {"bootstrap"});

  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.errors, HasSubstr(fmt::format("the declared column \"pk\" of \"{}\" has the "
                                                    "name of a key column",
                                                    table_)));
}

}  // namespace
}  // namespace dynamite::test
