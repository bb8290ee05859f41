#include "replica/apply/epoch_repeat.hpp"

#include <gmock/gmock.h>

#include <string>

namespace dynamite {
namespace {

pg::PgError refusal(std::string_view sqlstate) {
  return {pg::kind_of_sqlstate(sqlstate), "refused", "", std::string{sqlstate}, ""};
}

TEST(RepeatWhileEpochPasses, ReadsAndAppliesAgainUntilNoPassBeganInBetween) {
  int calls = 0;

  const int applied = repeat_while_epoch_passes([&] {
    if (++calls < 3) throw refusal(pg::kEpochPassed);
    return 7;
  });

  EXPECT_EQ(applied, 7);
  EXPECT_EQ(calls, 3);
}

TEST(RepeatWhileEpochPasses, GivesUpAtSomeTime) {
  int calls = 0;

  EXPECT_THROW(repeat_while_epoch_passes([&]() -> int {
                 ++calls;
                 throw refusal(pg::kEpochPassed);
               }),
               pg::PgError);
  EXPECT_EQ(calls, 10);
}

TEST(RepeatWhileEpochPasses, AnotherRefusalIsNotRepeated) {
  int calls = 0;

  EXPECT_THROW(repeat_while_epoch_passes([&]() -> int {
                 ++calls;
                 throw refusal(pg::kFencedFollower);
               }),
               pg::PgError);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace dynamite
