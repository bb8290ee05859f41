#include "engine/lane.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dynamite {
namespace {

using ::testing::ElementsAre;

constexpr std::size_t kPageBytes = 1'000;

/// A lane of `pages` pages; what it does besides is up to the test.
class ScriptedLane : public Lane {
 public:
  ScriptedLane(const LaneContext& context, int pages)
      : Lane{context, std::make_shared<TableState>(replica(), 0, 1, std::nullopt), "scripted"},
        pages_{pages} {}

  using Lane::table;
  int pages_read = 0;
  std::vector<int> applied;
  std::vector<std::string> lost;
  std::function<void(int page)> before_read = [](int) {};
  std::function<void(int page)> before_apply = [](int) {};

 private:
  static Replica replica() {
    Replica replica;
    replica.source = std::make_shared<const SourceTable>(SourceTable{
        .arn = "arn:aws:dynamodb:us-east-1:111122223333:table/orders", .key_schema = {}});
    return replica;
  }
  TimePoint read_due() override { return {}; }

  Ahead read(const std::stop_token&) override {
    try {
      before_read(pages_read + 1);
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::gap) throw;
      return {.loss = error};
    }
    Batch batch;
    batch.pages.push_back(std::make_shared<const std::string>(kPageBytes, 'x'));
    ++pages_read;
    return {.page = {.batch = std::move(batch),
                     .position = std::to_string(pages_read),
                     .finished = pages_read == pages_}};
  }
  void apply(Worker&, const Ahead& ahead) override {
    const int page = std::stoi(ahead.page.position);
    sent();
    before_apply(page);
    applied.push_back(page);
  }
  void lose(Worker&, const Error& loss) override { lost.emplace_back(loss.what()); }

  const int pages_;
};

class LaneTest : public ::testing::Test {
 protected:
  std::shared_ptr<ScriptedLane> lane(int pages) {
    return std::make_shared<ScriptedLane>(context_, pages);
  }

  /// Steps whatever is due, without waiting for pauses.
  void read_all() {
    while (reading_.step_due(worker_)) continue;
  }
  void apply_all() {
    while (applying_.step_due(worker_)) continue;
  }
  void run() {
    while (reading_.step_due(worker_) || applying_.step_due(worker_)) continue;
  }

  Worker worker_{{}, {}, {}};
  InFlight in_flight_{10 * kPageBytes};
  Scheduler reading_{Clock::real(), 1};
  Scheduler applying_{Clock::real(), 1};
  LaneContext context_{
      .reading = reading_, .applying = applying_, .in_flight = in_flight_, .clock = Clock::real()};
};

TEST_F(LaneTest, AppliesAllPagesInOrderAndEnds) {
  const auto lane = this->lane(5);
  lane->start();

  run();

  EXPECT_THAT(lane->applied, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_FALSE(reading_.next_due() || applying_.next_due());
  EXPECT_EQ(lane.use_count(), 1);
}

TEST_F(LaneTest, ReadsOnePageAheadOfWhatIsApplied) {
  const auto lane = this->lane(5);
  lane->before_apply = [&](int page) {
    read_all();
    EXPECT_EQ(lane->pages_read, std::min(5, page + 1));
  };
  lane->start();

  read_all();
  EXPECT_EQ(lane->pages_read, 2);
  run();

  EXPECT_THAT(lane->applied, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(LaneTest, NoPageIsReadWhileTooManyBytesWait) {
  std::vector<std::shared_ptr<ScriptedLane>> lanes;
  for (int i = 0; i < 8; ++i) lanes.push_back(lane(5));
  for (const auto& lane : lanes) lane->start();

  read_all();
  int read = 0;
  for (const auto& lane : lanes) read += lane->pages_read;
  EXPECT_EQ(read, 5);  // of two thousand bytes each, with the rows made of them
  run();

  for (const auto& lane : lanes) EXPECT_THAT(lane->applied, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(LaneTest, APageThatCouldNotBeAppliedIsAppliedAgain) {
  const auto lane = this->lane(2);
  int attempts = 0;
  lane->before_apply = [&](int) {
    if (++attempts == 1) throw Error{Error::Kind::transient, "for a moment"};
  };
  lane->start();

  run();
  EXPECT_THAT(lane->applied, ElementsAre());
  while (applying_.next_due()) run();

  EXPECT_THAT(lane->applied, ElementsAre(1, 2));
}

TEST_F(LaneTest, WhatIsRepeatedIsAProblemOfTheTableUntilItSucceeds) {
  const auto lane = this->lane(1);
  bool down = true;
  lane->before_apply = [&](int) {
    if (down) throw Error{Error::Kind::transient, "for long"};
  };
  lane->start();
  const auto later = Clock::real().now() + std::chrono::hours{1};

  run();
  EXPECT_EQ(lane->table().problem(later), "applying of scripted fails: for long");
  down = false;
  while (applying_.next_due()) run();

  EXPECT_EQ(lane->table().problem(later), "");
}

TEST_F(LaneTest, ALossIsSeenToWhenAllBeforeItIsAppliedAndReadingGoesOn) {
  const auto lane = this->lane(3);
  bool trimmed = false;
  lane->before_read = [&](int page) {
    if (page == 2 && !std::exchange(trimmed, true)) throw Error{Error::Kind::gap, "trimmed"};
  };
  lane->start();

  read_all();
  EXPECT_EQ(lane->pages_read, 1);
  run();

  EXPECT_THAT(lane->lost, ElementsAre("trimmed"));
  EXPECT_THAT(lane->applied, ElementsAre(1, 2, 3));
}

TEST_F(LaneTest, AFailureInEitherHalfEndsBothAndGivesTheBytesBack) {
  for (const bool in_reading : {true, false}) {
    const auto lane = this->lane(5);
    (in_reading ? lane->before_read : lane->before_apply) = [](int page) {
      if (page == 2) throw Error{Error::Kind::usage, "cannot be"};
    };
    lane->start();

    run();

    EXPECT_STREQ(lane->table().failure()->what(), "cannot be");
    EXPECT_EQ(lane.use_count(), 1);
  }
  EXPECT_TRUE(in_flight_.admit([] {}));
  in_flight_.add(10 * kPageBytes - 1);
  EXPECT_TRUE(in_flight_.admit([] {}));  // nothing else is counted
}

TEST_F(LaneTest, WhatIsNotWantedAnyMoreIsDropped) {
  const auto lane = this->lane(5);
  lane->start();
  read_all();

  lane->table().end();
  run();

  EXPECT_THAT(lane->applied, ElementsAre());
  EXPECT_EQ(lane.use_count(), 1);
}

TEST(InFlight, WakesThoseThatWaitOnceThereIsRoom) {
  InFlight in_flight{100};
  int woken = 0;
  in_flight.add(150);

  EXPECT_FALSE(in_flight.admit([&] { ++woken; }));
  in_flight.release(50);
  EXPECT_EQ(woken, 0);
  in_flight.release(50);
  in_flight.release(50);

  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(in_flight.admit([&] { ++woken; }));
}

}  // namespace
}  // namespace dynamite
