#include "core/reminder.hpp"

#include <gtest/gtest.h>

namespace dynamite {
namespace {

using namespace std::chrono_literals;

TEST(Reminder, SaysTheSameOnceAMinute) {
  Reminder reminder;
  const TimePoint start{};

  EXPECT_TRUE(reminder.due("a standby", start));
  EXPECT_FALSE(reminder.due("a standby", start + 59s));
  EXPECT_TRUE(reminder.due("a standby", start + 60s));
  EXPECT_FALSE(reminder.due("a standby", start + 119s));
}

TEST(Reminder, SaysAtOnceWhatIsNewOrBack) {
  Reminder reminder;
  const TimePoint start{};
  reminder.due("a standby", start);

  EXPECT_TRUE(reminder.due("no route", start + 1s));
  reminder.reset();
  EXPECT_TRUE(reminder.due("no route", start + 2s));
}

}  // namespace
}  // namespace dynamite
