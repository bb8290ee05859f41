#include "engine/table_state.hpp"

#include <gmock/gmock.h>

namespace dynamite {
namespace {

using namespace std::chrono_literals;

class TableStateTest : public ::testing::Test {
 protected:
  TableState state_{{}, 0, 1, {}};
  const TimePoint start_ = std::chrono::steady_clock::now();
};

TEST_F(TableStateTest, TheFirstFailureStays) {
  state_.fail(Error{Error::Kind::usage, "first"});
  state_.fail(Error{Error::Kind::bug, "second"});

  EXPECT_TRUE(state_.ended());
  EXPECT_STREQ(state_.failure()->what(), "first");
}

TEST_F(TableStateTest, WhatIsRepeatedForLongIsAProblemWithItsReason) {
  const Error error{Error::Kind::transient, "PostgreSQL: statement timeout"};
  state_.note_repeat("applying of segment/1/0", error, start_);

  EXPECT_EQ(state_.problem(start_), "");
  EXPECT_EQ(state_.problem(start_ + 1s),
            "applying of segment/1/0 fails: PostgreSQL: statement timeout");
  state_.note_recovery("applying of segment/1/0");
  EXPECT_EQ(state_.problem(start_ + 1s), "");
}

TEST_F(TableStateTest, AShardWithoutProgressIsAProblem) {
  state_.shards.started("a", start_);

  EXPECT_EQ(state_.problem(start_), "");
  EXPECT_EQ(state_.problem(start_ + 1s), "a makes no progress");
}

TEST_F(TableStateTest, ASourceWithoutAStreamIsTheProblemThatIsNamed) {
  state_.shards.started("a", start_);
  state_.set_source_problem("\"orders\" has no stream");

  EXPECT_EQ(state_.problem(start_ + 1h), "\"orders\" has no stream");
}

}  // namespace
}  // namespace dynamite
