#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "replica/change/promotion_fixture.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;

// Tables that are not quite as `bootstrap` makes them.

TEST_F(PromotionTest, AColumnOfTheDbaStaysAsItIs) {
  query("ALTER TABLE orders ADD COLUMN total integer DEFAULT 7");
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});

  promote();

  EXPECT_EQ(attribute_columns(), "total_ numeric");
  EXPECT_EQ(query("SELECT total, total_ FROM orders"), "7|1");
}

TEST_F(PromotionTest, APartitionedTableIsPromotedAsAnother) {
  query(
      "CREATE TABLE parted (LIKE orders INCLUDING COMMENTS, PRIMARY KEY (pk)) "
      "PARTITION BY HASH (pk)");
  for (int i = 0; i < 2; ++i)
    query(
        fmt::format("CREATE TABLE parted_{0} PARTITION OF parted "
                    "FOR VALUES WITH (MODULUS 2, REMAINDER {0})",
                    i));
  query("DROP TABLE orders");
  query("ALTER TABLE parted RENAME TO orders");
  std::vector<std::string> items;
  for (int i = 0; i < 50; ++i)
    items.push_back(fmt::format(R"({{"pk":{{"S":"k{0}"}},"total":{{"N":"{0}"}}}})", i));
  put_items(items);

  promote();

  EXPECT_EQ(query("SELECT count(*), sum(total) FROM orders WHERE _rest IS NULL"), "50|1225");
  EXPECT_EQ(query("SELECT count(*) FROM (SELECT FROM parted_0 LIMIT 1) a, "
                  "(SELECT FROM parted_1 LIMIT 1) b"),
            "1");
}

// A column of integers takes each number, rounded.
TEST_F(PromotionTest, AColumnWhoseTypeADbaHasChangedIsSaid) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"12.5"}})"});
  promote();
  query("ALTER TABLE orders ALTER COLUMN total TYPE integer");
  Promotion promotion{orders};

  const Error error = error_of([&] { promotion.step(*connection); });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("\"total\""));
  EXPECT_THAT(error.what(), HasSubstr("is integer, wanted: numeric"));
}

}  // namespace
}  // namespace dynamite::test
