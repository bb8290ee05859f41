#include "source/read_rate.hpp"

#include <gtest/gtest.h>

namespace dynamite {
namespace {

using namespace std::chrono_literals;

const ReadRate::TimePoint kNow{1h};

TEST(ReadRate, LetsLaterReadsWaitForWhatWasSpent) {
  ReadRate rate{100.0};

  rate.spend(50, kNow);
  EXPECT_EQ(rate.next(), kNow + 500ms);

  rate.spend(25, kNow + 100ms);  // another thread, at the same time
  EXPECT_EQ(rate.next(), kNow + 750ms);
}

TEST(ReadRate, DoesNotSaveUpForIdleTimes) {
  ReadRate rate{100.0};
  rate.spend(50, kNow);

  rate.spend(50, kNow + 10s);

  EXPECT_EQ(rate.next(), kNow + 10s + 500ms);
}

TEST(ReadRate, WithoutALimitNobodyWaits) {
  ReadRate rate{std::nullopt};

  rate.spend(1'000'000, kNow);

  EXPECT_LE(rate.next(), kNow);
}

TEST(ReadRate, BeginsAtOnce) { EXPECT_LE(ReadRate{1.0}.next(), kNow); }

}  // namespace
}  // namespace dynamite
