#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>
#include <mutex>
#include <stop_token>

#include "core/error.hpp"
#include "replica/source_model.hpp"
#include "replica/state/pass.hpp"

namespace dynamite::test {
namespace {

constexpr int kAppliers = 3;
constexpr int kBatches = 60;  // of each applier

/// ParallelIngest and passes at the same time on a few keys. What each does is random by the seed;
/// how they fall together is not, so a failure may take some runs to return.
class ConcurrentTest : public ReplicaTest, public ::testing::WithParamInterface<int> {
 protected:
  void follow(SourceModel& source) {
    pg::Connection own = connect();
    for (int i = 0; i < kBatches; ++i) {
      std::vector<TestChange> changes;
      {
        const std::scoped_lock lock{mutex_};
        for (std::size_t writes = source.below(4); writes > 0; --writes) source.write();
        changes = source.take_new(false);
        for (auto& repeat : source.take_repeats(source.below(4)))
          changes.push_back(std::move(repeat));
        std::ranges::shuffle(changes, source.random());
      }
      apply_until_done(own, changes, {});
    }
  }

  void snapshot_repeatedly(SourceModel& source, const std::stop_token& stop) {
    pg::Connection own = connect();
    Passes passes{own, orders};
    while (!stop.stop_requested()) {
      const std::int32_t epoch = passes.start({.segments = 1}, {});
      for (std::size_t key = 0; key < source.key_count(); key += 2) {
        std::vector<TestChange> page;
        {
          const std::scoped_lock lock{mutex_};
          page = source.scan(key, key + 2);
        }
        apply_until_done(own, page, {.writer = ByPass{epoch}});
      }
      repeat_until_done([&] {
        passes.begin_sweep(epoch, {});
        passes.sweep(epoch, {}, {});
      });
    }
  }

  void apply_until_done(pg::Connection& own, const std::vector<TestChange>& changes,
                        const Fence& fence) {
    const Batch batch = batch_of(orders, changes);
    repeat_until_done([&] {
      Applier{own, {.on_poison = OnPoison::stop}}.apply(
          {.table = orders, .batch = batch, .fence = fence});
    });
  }

  // As a lane does: a deadlock is transient.
  template <class Step>
  static void repeat_until_done(Step step) {
    for (;;) {
      try {
        step();
        return;
      } catch (const Error& error) {
        if (error.kind() != Error::Kind::transient) throw;
      }
    }
  }

  std::mutex mutex_;
};

TEST_P(ConcurrentTest, EndsWithTheReplicaEqualToTheSource) {
  const std::uint64_t seed =
      from_environment("DYNAMITE_TEST_SEED", 0) + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  SourceModel source{seed, orders.source->key_schema, 2 + seed % 4};

  std::stop_source stop;
  auto passes =
      std::async(std::launch::async, [&] { snapshot_repeatedly(source, stop.get_token()); });
  std::vector<std::future<void>> appliers;
  for (int i = 0; i < kAppliers; ++i)
    appliers.push_back(std::async(std::launch::async, [&] { follow(source); }));
  for (auto& applier : appliers) applier.wait();
  stop.request_stop();
  passes.get();
  for (auto& applier : appliers) applier.get();
  apply(source.take_new(true));

  EXPECT_EQ(items_of(*connection, orders), source.items());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ConcurrentTest, ::testing::Range(0, 12));

}  // namespace
}  // namespace dynamite::test
