#include "json/writer.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace dynamite {
namespace {

TEST(JsonObjectTest, HoldsItsMembersInTheirOrder) {
  EXPECT_EQ(JsonObject{}
                .text("name", "orders")
                .number("count", std::uint64_t{18'446'744'073'709'551'615U})
                .number("seconds", 1.5)
                .flag("healthy", true)
                .json("list", "[1]")
                .finish(),
            R"({"name":"orders","count":18446744073709551615,"seconds":1.5,"healthy":true,)"
            R"("list":[1]})");
}

TEST(JsonObjectTest, WithoutMembersIsEmpty) { EXPECT_EQ(JsonObject{}.finish(), "{}"); }

TEST(JsonObjectTest, EscapesNamesAndTexts) {
  EXPECT_EQ(JsonObject{}.text("a\"b", "c\\d\n").finish(), R"({"a\"b":"c\\d\u000a"})");
}

TEST(JsonObjectTest, AnAbsentNumberIsNull) {
  EXPECT_EQ(JsonObject{}
                .number("lag_ms", std::optional<std::int64_t>{-3})
                .number("age_ms", std::optional<std::int64_t>{})
                .finish(),
            R"({"lag_ms":-3,"age_ms":null})");
}

TEST(JsonObjectTest, AWholeNumberOfSecondsHasNoFraction) {
  EXPECT_EQ(JsonObject{}.number("seconds", 12.0).finish(), R"({"seconds":12})");
}

TEST(JsonArrayTest, HoldsItsElementsInTheirOrder) {
  EXPECT_EQ(JsonArray{}.text("a\"b").json("{}").finish(), R"(["a\"b",{}])");
}

TEST(JsonArrayTest, WithoutElementsIsEmpty) { EXPECT_EQ(JsonArray{}.finish(), "[]"); }

TEST(JsonArrayTest, ASeparatorStandsBetweenElementsOnly) {
  EXPECT_EQ((JsonArray{",\n  "}.json("1").json("2").finish()), "[1,\n  2]");
}

}  // namespace
}  // namespace dynamite
