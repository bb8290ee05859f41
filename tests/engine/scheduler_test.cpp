#include "engine/scheduler.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <thread>
#include <vector>

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// A task whose steps are written down by the test.
class ScriptedTask : public Task {
 public:
  explicit ScriptedTask(std::function<std::optional<TimePoint>(int step)> body)
      : body_{std::move(body)} {}

  std::optional<TimePoint> step(Worker&) override { return body_(steps++); }
  void note_repeat(const Error& error, TimePoint since) override {
    repeated = error.what();
    repeated_since = since;
  }
  void note_recovery() override { repeated.clear(); }
  void fail(const Error& error) override { failures.push_back(error.what()); }
  std::string name() const override { return "scripted"; }

  int steps = 0;
  std::vector<std::string> failures;
  std::string repeated;  // why, while it is
  TimePoint repeated_since{};

 private:
  std::function<std::optional<TimePoint>(int)> body_;
};

class SchedulerTest : public ::testing::Test {
 protected:
  /// Runs one thread until a task calls stop_.
  void run() {
    Worker worker{{}, {}, stop_.get_token()};
    scheduler_.run(worker);
  }

  Scheduler scheduler_{Clock::real(), 1};
  std::stop_source stop_;
};

TEST_F(SchedulerTest, ATaskIsSteppedUntilItIsDone) {
  const auto task = std::make_shared<ScriptedTask>([&](int step) -> std::optional<TimePoint> {
    if (step < 4) return std::chrono::steady_clock::now();
    stop_.request_stop();
    return std::nullopt;
  });
  scheduler_.add(task);

  run();

  EXPECT_EQ(task->steps, 5);
}

TEST_F(SchedulerTest, WhatIsDueFirstGoesFirst) {
  std::vector<int> order;
  const auto now = std::chrono::steady_clock::now();
  const auto note = [&](int number) {
    return std::make_shared<ScriptedTask>([&order, number, this](int) -> std::optional<TimePoint> {
      order.push_back(number);
      if (order.size() == 3) stop_.request_stop();
      return std::nullopt;
    });
  };
  scheduler_.add(note(3), now + 30ms);
  scheduler_.add(note(1), now);
  scheduler_.add(note(2), now + 10ms);

  run();

  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST_F(SchedulerTest, ATransientErrorIsRepeated) {
  const auto task = std::make_shared<ScriptedTask>([&](int step) -> std::optional<TimePoint> {
    if (step < 2) throw Error{Error::Kind::transient, "for a moment"};
    stop_.request_stop();
    return std::nullopt;
  });
  scheduler_.add(task);

  run();

  EXPECT_EQ(task->steps, 3);
  EXPECT_TRUE(task->failures.empty());
  EXPECT_EQ(task->repeated, "");
}

TEST_F(SchedulerTest, ATaskIsToldWhyAndSinceWhenItIsRepeated) {
  const auto before = std::chrono::steady_clock::now();
  const auto task = std::make_shared<ScriptedTask>([&](int step) -> std::optional<TimePoint> {
    if (step == 1) stop_.request_stop();
    throw Error{Error::Kind::transient, step == 0 ? "for a moment" : "stopped"};
  });
  scheduler_.add(task);

  run();

  EXPECT_EQ(task->repeated, "for a moment");
  EXPECT_GE(task->repeated_since, before);
}

TEST_F(SchedulerTest, AnotherErrorEndsTheTaskAndOnlyIt) {
  const auto bad = std::make_shared<ScriptedTask>([](int) -> std::optional<TimePoint> {
    throw Error{Error::Kind::fenced, "another owner"};
  });
  const auto good = std::make_shared<ScriptedTask>([&](int step) -> std::optional<TimePoint> {
    if (step < 3) return std::chrono::steady_clock::now();
    stop_.request_stop();
    return std::nullopt;
  });
  scheduler_.add(bad);
  scheduler_.add(good, std::chrono::steady_clock::now() + 5ms);

  run();

  EXPECT_THAT(bad->failures, ElementsAre("another owner"));
  EXPECT_EQ(bad->steps, 1);
  EXPECT_EQ(good->steps, 4);
}

TEST_F(SchedulerTest, AStopEndsAWaitingThread) {
  scheduler_.add(std::make_shared<ScriptedTask>([](int) { return std::nullopt; }),
                 std::chrono::steady_clock::now() + 1h);
  std::jthread thread{[this] { run(); }};

  stop_.request_stop();

  thread.join();
}

}  // namespace
}  // namespace dynamite
