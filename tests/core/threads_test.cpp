#include "core/threads.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>

#include "core/error.hpp"
#include "core/sleep.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

void wait_for(const std::stop_token& stop) {
  while (!stop.stop_requested()) sleep_for(10ms, stop);
}

TEST(RunInThreads, EachNumberIsCalledOnce) {
  std::array<std::atomic<int>, 4> calls{};

  run_in_threads(4, {}, [&](std::uint32_t number, const std::stop_token&) { ++calls[number]; });

  for (const auto& count : calls) EXPECT_EQ(count, 1);
}

TEST(RunInThreads, TheFirstErrorStopsTheOthersAndIsThrown) {
  try {
    run_in_threads(3, {}, [](std::uint32_t number, const std::stop_token& stop) {
      if (number != 1) wait_for(stop);
      throw Error{Error::Kind::usage, number == 1 ? "first" : "stopped"};
    });
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "first");
  }
}

TEST(RunInThreads, AStopReachesAll) {
  std::stop_source stop;
  std::atomic<int> ended = 0;

  run_in_threads(3, stop.get_token(), [&](std::uint32_t number, const std::stop_token& token) {
    if (number == 0) stop.request_stop();
    wait_for(token);
    ++ended;
  });

  EXPECT_EQ(ended, 3);
}

}  // namespace
}  // namespace dynamite
