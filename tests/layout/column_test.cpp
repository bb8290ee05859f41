#include "layout/column.hpp"

#include <gmock/gmock.h>

namespace dynamite {
namespace {

using enum ColumnType;

TEST(ColumnTypes, AreFoundByTheirNames) {
  for (const ColumnType type :
       {text, numeric, bytea, jsonb, timestamptz, integer, boolean, bigint, double_precision, date,
        uuid, text_array, numeric_array, bytea_array})
    EXPECT_EQ(column_type_named(type_name(type)), type) << type_name(type);
  EXPECT_EQ(column_type_named("double precision"), double_precision);
  EXPECT_EQ(column_type_named("text[]"), text_array);
  EXPECT_EQ(column_type_named("float"), std::nullopt);
}

TEST(ColumnTypes, OfTextAreComparedByteByByte) {
  EXPECT_EQ(type_definition(text), R"(text COLLATE "C")");
  EXPECT_EQ(type_definition(text_array), R"(text[] COLLATE "C")");
}

}  // namespace
}  // namespace dynamite
