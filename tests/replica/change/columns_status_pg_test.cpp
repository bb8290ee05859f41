#include <gmock/gmock.h>

#include "replica/change/columns_status.hpp"
#include "replica/change/promotion_fixture.hpp"

namespace dynamite::test {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

class ColumnsStatusTest : public PromotionTest {
 protected:
  ColumnsStatus status() {
    return read_columns_status(*connection, orders, orders.targets.front());
  }
};

TEST_F(ColumnsStatusTest, WhatIsInRestHasItsShareAndType) {
  put_items({R"({"pk":{"S":"a"},"x":{"N":"1"},"y":{"NULL":true}})",
             R"({"pk":{"S":"b"},"x":{"N":"2"}})", R"({"pk":{"S":"c"},"x":{"N":"3"}})",
             R"({"pk":{"S":"d"},"x":{"S":"s"}})"});
  promote();

  const ColumnsStatus now = status();

  EXPECT_THAT(now.columns, ElementsAre(Field(&AttributeColumn::name, "x")));
  EXPECT_THAT(now.waiting, IsEmpty());
  sample_shares(*connection, orders, orders.targets.front());
  std::string rest;
  for (const AttributeShare& one : status().in_rest)
    rest += fmt::format("{} {} {}; ", one.attribute.name, one.attribute.type, one.share);
  EXPECT_EQ(rest, "x S 0.25; y NULL 0.25; ");
}

TEST_F(ColumnsStatusTest, WhatNobodyHasCountedYetIsSaid) {
  put_items({R"({"pk":{"S":"a"},"x":{"N":"1"}})"});

  EXPECT_THAT(status().in_rest, IsEmpty());
  EXPECT_THAT(status().uncounted, ElementsAre(AttributeNote{"x", "N"}));

  sample_shares(*connection, orders, orders.targets.front());
  EXPECT_THAT(status().uncounted, IsEmpty());
}

TEST_F(ColumnsStatusTest, AnAttributeWaitsUntilSomebodyMayAddItsColumn) {
  put_items({R"({"pk":{"S":"a"},"x":{"N":"1"}})"});
  sample_shares(*connection, orders, orders.targets.front());

  EXPECT_THAT(status().waiting, ElementsAre(Field(&AttributeColumn::name, "x")));

  promote();
  EXPECT_THAT(status().waiting, IsEmpty());
}

}  // namespace
}  // namespace dynamite::test
