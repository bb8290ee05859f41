#include "credentials/refresh.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using testing::Each;
using namespace std::chrono_literals;

/// A source under the test's control: set after set, each of the same life, or a failure.
class CredentialsRefreshTest : public testing::Test {
 protected:
  KeySet load() {
    const int n = ++loads;
    on_load();
    if (fails) throw Error{Error::Kind::transient, "the source is down"};
    return {.keys = {"ID" + std::to_string(n), "s", ""}, .expiry = now.load() + life};
  }

  std::string get() { return keys.get().access_key_id; }
  std::string failure() {
    return failure_of([this] { get(); });
  }

  std::atomic<Time> now = Time{1'900'000'000s};
  std::chrono::minutes life{60};
  std::atomic<bool> fails = false;
  std::atomic<int> loads = 0;
  std::function<void()> on_load = [] {};
  RefreshingCredentials keys{[this] { return load(); }, [this] { return now.load(); }};
};

TEST_F(CredentialsRefreshTest, IsTriedFromFifteenMinutesBeforeTheEndAndNotAtEveryCall) {
  EXPECT_EQ(get(), "ID1");
  fails = true;
  now = now.load() + 44min;
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(loads, 1);

  now = now.load() + 1min;
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(get(), "ID1");
  EXPECT_EQ(loads, 2);

  fails = false;
  now = now.load() + 1min;
  EXPECT_EQ(get(), "ID3");
}

TEST_F(CredentialsRefreshTest, IsDemandedFromTenMinutesBeforeTheEnd) {
  get();
  fails = true;
  now = now.load() + 50min - 1s;
  EXPECT_EQ(get(), "ID1");
  now = now.load() + 1s;
  EXPECT_EQ(failure(), "transient: the source is down");
  EXPECT_EQ(failure(), "transient: the source is down");

  fails = false;
  EXPECT_EQ(get(), "ID5");
}

TEST_F(CredentialsRefreshTest, KeysOfAShortLifeAreNotLoadedAtEveryCall) {
  life = 9min;
  EXPECT_EQ(get(), "ID1");
  now = now.load() + 2min;
  EXPECT_EQ(get(), "ID1");
  now = now.load() + 1min;
  EXPECT_EQ(get(), "ID2");
}

TEST_F(CredentialsRefreshTest, RefusedKeysAreNotGivenAgain) {
  const Credentials first = keys.get();
  keys.invalidate({"somebody else's", "s", ""});
  EXPECT_EQ(get(), "ID1");
  keys.invalidate(first);
  EXPECT_EQ(get(), "ID2");
  keys.invalidate(first);
  EXPECT_EQ(get(), "ID2");

  fails = true;
  keys.invalidate(keys.get());
  EXPECT_EQ(failure(), "transient: the source is down");
}

TEST_F(CredentialsRefreshTest, OneThreadLoadsForAll) {
  constexpr int kThreads = 8;
  std::latch all{kThreads};
  std::vector<std::string> seen(kThreads);
  on_load = [&] { all.wait(); };  // until every thread has asked
  {
    std::vector<std::jthread> threads;
    for (std::string& one : seen)
      threads.emplace_back([&] {
        all.count_down();
        one = get();
      });
  }

  EXPECT_EQ(loads, 1);
  EXPECT_THAT(seen, Each("ID1"));
}

TEST_F(CredentialsRefreshTest, NobodyWaitsWhoseKeysAreStillGood) {
  get();
  now = now.load() + 46min;
  std::promise<void> inside, leave;
  // Bounded, so that a provider that waits fails this test instead of hanging it.
  on_load = [&] {
    inside.set_value();
    leave.get_future().wait_for(10s);
  };
  std::string refreshed, meanwhile;
  int loads_meanwhile = 0;
  {
    const std::jthread refresher{[&] { refreshed = get(); }};
    EXPECT_EQ(inside.get_future().wait_for(10s), std::future_status::ready);
    meanwhile = get();
    loads_meanwhile = loads;
    leave.set_value();
  }

  EXPECT_EQ(meanwhile, "ID1");
  EXPECT_EQ(loads_meanwhile, 2);
  EXPECT_EQ(refreshed, "ID2");
  EXPECT_EQ(loads, 2);
}

}  // namespace
}  // namespace dynamite::test
