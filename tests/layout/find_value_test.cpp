#include "layout/find_value.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string_view>

#include "layout/attribute_path.hpp"

namespace dynamite {
namespace {

std::optional<std::string_view> found(std::string_view value, std::string_view path) {
  return find_value(value, *AttributePath::parse(path));
}

TEST(FindValue, GoesThroughMapsAndLists) {
  constexpr std::string_view kValue{R"({"M":{"b":{"L":[{"S":"x"},{"N":"1"}]}}})"};

  EXPECT_EQ(found(kValue, "a"), kValue);
  EXPECT_EQ(found(kValue, "a.b[1]"), R"({"N":"1"})");
  EXPECT_EQ(found(kValue, "a.b[2]"), std::nullopt);
  EXPECT_EQ(found(kValue, "a.c"), std::nullopt);
  EXPECT_EQ(found(kValue, "a[0]"), std::nullopt);
  EXPECT_EQ(found(kValue, "a.b.c"), std::nullopt);
}

TEST(FindValue, ReadsNamesAndTypesThatAreSpelledWithEscapes) {
  EXPECT_EQ(found(R"({"\u004d":{"\u0062":{"\u004C":[{"S":"x"}]}}})", "a.b[0]"), R"({"S":"x"})");
}

}  // namespace
}  // namespace dynamite
