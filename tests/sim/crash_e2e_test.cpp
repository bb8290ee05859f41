#include <gtest/gtest.h>

#include "sim/world_fixture.hpp"

namespace dynamite::sim {
namespace {

/// No other test uses the server meanwhile.
class CrashTest : public WorldFixture {
 protected:
  void SetUp() override {
    WorldFixture::SetUp();
    server_crashes_ = true;
  }
};

TEST_F(CrashTest, WhatPostgresqlForgetsInACrashIsDoneAgain) {
  Counts total = run_worlds(1, 20);

  EXPECT_GT(total["PostgreSQL crashed"], 0U);
}

}  // namespace
}  // namespace dynamite::sim
