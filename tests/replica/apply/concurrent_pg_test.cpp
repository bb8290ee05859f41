#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "replica/source_model.hpp"
#include "replica/state/pass.hpp"
#include "support/natural_json.hpp"

namespace dynamite::test {
namespace {

constexpr int kAppliers = 3;
constexpr int kBatches = 60;  // of each applier

/// ParallelIngest and passes at the same time on a few keys. What each does is random by the seed;
/// how they fall together is not, so a failure may take some runs to return.
class ConcurrentTest : public ReplicaTest, public ::testing::WithParamInterface<int> {
 protected:
  static std::uint64_t seed() {
    return from_environment("DYNAMITE_TEST_SEED", 0) + static_cast<std::uint64_t>(GetParam());
  }

  /// Appliers and passes until the source is at rest.
  void run(SourceModel& source) {
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
  }

  /// What the history ends with, as SourceModel::items.
  std::vector<std::string> noted_items() {
    const pg::Result rows = connection->run(
        "SELECT item, _types FROM noted_ranges WHERE valid_to IS NULL AND item IS NOT NULL");
    std::vector<std::string> items;
    for (int row = 0; row < rows.rows(); ++row)
      items.push_back(dynamodb_json_of(rows.at(row, 0), rows.text(row, 1).value_or("")));
    std::ranges::sort(items);
    return items;
  }

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
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  SourceModel source{seed(), orders.source->key_schema, 2 + seed() % 4};

  run(source);

  EXPECT_EQ(items_of(*connection, orders), source.items());
}

TEST_P(ConcurrentTest, EndsWithAHistoryOfEachRecord) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  Replica wanted = wanted_replica(keys(KeyType::S), "noted");
  wanted.targets = {new_target(state_schema(), schema(), "noted", keys(KeyType::S),
                               {.rules = {.keep_removed = seed() % 2 == 1, .history = true}})};
  orders = make_replica(wanted);
  SourceModel source{seed(), orders.source->key_schema, 2 + seed() % 4};

  run(source);

  EXPECT_EQ(items_of(*connection, orders), source.items());
  EXPECT_EQ(noted_items(), source.items());
  std::set<std::pair<std::uint64_t, std::string>> handed;
  for (const TestChange& record : source.handed())
    handed.emplace(record.generation, record.sequence_number);
  EXPECT_EQ(query("SELECT count(*) FROM noted_history WHERE change IN ('put', 'removed')"),
            std::to_string(handed.size()));
}

INSTANTIATE_TEST_SUITE_P(Seeds, ConcurrentTest, ::testing::Range(0, 12));

}  // namespace
}  // namespace dynamite::test
