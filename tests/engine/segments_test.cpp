#include <gmock/gmock.h>

#include "engine/engine.hpp"

namespace dynamite {
namespace {

TableDescription table_of(std::uint64_t size_bytes) {
  TableDescription table;
  table.size_bytes = size_bytes;
  return table;
}

TEST(SegmentsOf, WhatIsConfiguredCounts) {
  EXPECT_EQ(segments_of(7, 4, std::nullopt, table_of(0)), 7U);
}

TEST(SegmentsOf, ASmallTableIsReadInOne) {
  EXPECT_EQ(segments_of(std::nullopt, 4, std::nullopt, table_of(0)), 1U);
  EXPECT_EQ(segments_of(std::nullopt, 4, std::nullopt, table_of(1'000'000)), 1U);
}

TEST(SegmentsOf, ALargeTableInAsManyAsTheConnectionsKeepBusy) {
  EXPECT_EQ(segments_of(std::nullopt, 4, std::nullopt, table_of(100'000'000)), 6U);
  EXPECT_EQ(segments_of(std::nullopt, 4, std::nullopt, table_of(100'000'000'000)), 16U);
  EXPECT_EQ(segments_of(std::nullopt, 16, std::nullopt, table_of(100'000'000'000)), 64U);
}

TEST(SegmentsOf, NoMoreThanTheReadUnitsAllow) {
  EXPECT_EQ(segments_of(std::nullopt, 4, 10.0, table_of(100'000'000'000)), 1U);
  EXPECT_EQ(segments_of(std::nullopt, 4, 1'024.0, table_of(100'000'000'000)), 4U);
}

}  // namespace
}  // namespace dynamite
