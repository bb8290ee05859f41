#include <gtest/gtest.h>

#include <span>
#include <vector>

#include "app/config/config.hpp"

namespace dynamite {
namespace {

TEST(TableRule, GlobsKnowStarAndQuestionMark) {
  const auto matches = [](const char* glob, const char* name) {
    return TableRule{.name = glob}.matches(name);
  };

  EXPECT_TRUE(matches("*", "Orders"));
  EXPECT_TRUE(matches("O*s", "Orders"));
  EXPECT_TRUE(matches("*d*r*", "Orders"));
  EXPECT_TRUE(matches("Order?", "Orders"));
  EXPECT_TRUE(matches("*-prod", "a-prod-prod"));
  EXPECT_TRUE(matches("Orders*", "Orders"));
  EXPECT_FALSE(matches("Order", "Orders"));
  EXPECT_FALSE(matches("Orders?", "Orders"));
  EXPECT_FALSE(matches("o*", "Orders"));
  EXPECT_FALSE(matches("*-prod", "a-prod-dev"));
  EXPECT_FALSE(matches("O.ders", "Orders"));
}

TEST(TableRule, ExactNameComesBeforeGlobs) {
  const std::vector<TableRule> rules{{.name = "*"}, {.name = "Orders"}, {.name = "Or*"}};

  EXPECT_EQ(find_rule(rules, "Orders"), &rules[1]);
  EXPECT_EQ(find_rule(rules, "Orkney"), &rules[0]);
  EXPECT_EQ(find_rule(std::span{rules}.subspan(1), "Customers"), nullptr);
}

}  // namespace
}  // namespace dynamite
