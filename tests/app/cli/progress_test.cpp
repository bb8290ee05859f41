#include "app/cli/progress.hpp"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ProgressTest : public testing::Test {
 protected:
  ProgressOutput output(bool redraw) {
    return {[this](std::string_view text) { written_.emplace_back(text); }, [this] { return now_; },
            redraw};
  }

  std::chrono::steady_clock::time_point now_{1h};
  std::vector<std::string> written_;
};

TEST_F(ProgressTest, TerminalShowsABarRedrawnInPlace) {
  Progress progress{"snapshot of Orders", 200, output(true)};

  now_ += 2s;
  progress.update(100, "3 segments left");
  now_ += 2s;
  progress.finish(200);

  EXPECT_THAT(written_, ElementsAre("\r\033[Ksnapshot of Orders  [##########..........]  50 % "
                                    "100 of 200  50/s  3 segments left",
                                    "\r\033[Ksnapshot of Orders  [####################] 100 % "
                                    "200 of 200  50/s  \n"));
}

TEST_F(ProgressTest, TerminalIsRedrawnAtMostFiveTimesASecond) {
  Progress progress{"load", 1000, output(true)};

  for (std::uint64_t i = 0; i < 1000; ++i) {
    now_ += 1ms;
    progress.update(i);
  }

  EXPECT_THAT(written_, SizeIs(5));
}

TEST_F(ProgressTest, ElsewhereEventsComeEveryFewSeconds) {
  Progress progress{"snapshot of Orders", 100'000, output(false)};

  for (std::uint64_t i = 1; i <= 110; ++i) {
    now_ += 100ms;
    progress.update(i * 10, "2 segments");
  }
  progress.finish(1100);

  EXPECT_THAT(written_, ElementsAre("snapshot of Orders done=500 total=100000 per_second=100 "
                                    "note=\"2 segments\"",
                                    "snapshot of Orders done=1000 total=100000 per_second=100 "
                                    "note=\"2 segments\"",
                                    "snapshot of Orders done=1100 total=100000 per_second=100"));
}

TEST_F(ProgressTest, UnknownTotalShowsTheCountOnly) {
  Progress progress{"compare", {}, output(true)};

  now_ += 1s;
  progress.update(7);

  EXPECT_THAT(written_, ElementsAre("\r\033[Kcompare  7  7/s  "));
}

TEST_F(ProgressTest, MoreThanTheTotalIsStillAFullBar) {
  Progress progress{"load", 10, output(true)};

  now_ += 1s;
  progress.update(12);

  EXPECT_THAT(written_.at(0), HasSubstr("[####################] 100 % 12 of 10"));
}

TEST_F(ProgressTest, UnfinishedLineIsWiped) {
  { const Progress nothing_shown{"load", 10, output(true)}; }
  EXPECT_THAT(written_, IsEmpty());
  {
    Progress progress{"load", 10, output(true)};
    now_ += 1s;
    progress.update(5);
  }

  EXPECT_EQ(written_.back(), "\r\033[K");
}

TEST_F(ProgressTest, NothingIsShownBehindTheEnd) {
  Progress progress{"load", 10, output(true)};
  progress.finish(10);
  now_ += 1h;

  progress.update(10);

  EXPECT_THAT(written_, SizeIs(1));
}

TEST_F(ProgressTest, ManyThreadsMayUpdate) {
  Progress progress{"load", 4000, output(true)};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (std::uint64_t i = 0; i < 1000; ++i) progress.update(i);
      });
    }
  }

  progress.finish(4000);

  EXPECT_THAT(written_, SizeIs(1));
}

}  // namespace
}  // namespace dynamite
