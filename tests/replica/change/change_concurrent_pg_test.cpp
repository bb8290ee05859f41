#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "pg/pg_error.hpp"
#include "replica/change/promotion_fixture.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/comparison.hpp"
#include "replica/source_model.hpp"
#include "replica/state/existing_table.hpp"
#include "replica/state/pass.hpp"

namespace dynamite::test {
namespace {

constexpr int kAppliers = 3;
constexpr int kBatches = 60;  // of each applier

/// Appliers, passes, promotions and changed mappings at the same time on a few keys. What each does
/// is random by the seed; how they fall together is not, so a failure may take some runs to return.
class ConcurrentChangeTest : public PromotionTest, public testing::WithParamInterface<int> {
 protected:
  /// One who writes, with a connection and a mapping of its own.
  struct Writer {
    explicit Writer(const ConcurrentChangeTest& test)
        : connection{test.connect()}, replica{test.orders} {}

    void load() {
      replica = Catalogue{connection, replica.state_schema}.find(replica.source->arn).value();
    }
    /// As a lane does: a deadlock of two appliers is transient.
    void apply(const std::vector<TestChange>& changes, const Fence& fence) {
      const Batch batch = batch_of(replica, changes);
      for (;;) {
        try {
          Applier{connection, {.on_poison = OnPoison::stop}}.apply(
              {.table = replica, .batch = batch, .fence = fence});
          return;
        } catch (const pg::PgError& error) {
          if (error.sqlstate() == pg::kMappingChanged)
            load();
          else if (error.kind() != Error::Kind::transient)
            throw;
        }
      }
    }

    pg::Connection connection;
    Replica replica;
  };

  void follow(SourceModel& source) {
    Writer own{*this};
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
      own.apply(changes, {});
    }
  }

  void snapshot(SourceModel& source, Writer& own) {
    Passes passes{own.connection, own.replica};
    const std::int32_t epoch = passes.start({.segments = 1}, {});
    for (std::size_t key = 0; key < source.key_count(); key += 2) {
      std::vector<TestChange> page;
      {
        const std::scoped_lock lock{mutex_};
        page = source.scan(key, key + 2);
      }
      own.apply(page, {.writer = ByPass{epoch}});
    }
    passes.begin_sweep(epoch, {});
    for (;;) {
      try {
        passes.sweep(epoch, {}, {});
        return;
      } catch (const Error& error) {
        if (error.kind() != Error::Kind::transient) throw;
      }
    }
  }

  /// Of what it throws, nothing may be transient: a promotion is in no deadlock.
  void promote_repeatedly(const std::stop_token& stop) {
    pg::Connection own = connect();
    Promotion promotion{orders};
    while (!stop.stop_requested()) promotion.step(own);
  }

  Replica now(pg::Connection& own) const {
    return Catalogue{own, orders.state_schema}.find(orders.source->arn).value();
  }

  /// Not, if a promotion changes mapping and columns meanwhile.
  void change_to(pg::Connection& own, const MappingRules& rules, RetiredColumns retired) {
    const Replica replica = now(own);
    const Target& target = replica.targets.front();
    try {
      const auto change =
          plan_rules(target, replica.source->key_schema, rules, find_columns(own, target), retired);
      if (change) try_change(own, replica, {*change});
    } catch (const Error&) {
      if (now(own).mapping == replica.mapping) throw;
    }
  }

  void change_repeatedly(const std::stop_token& stop) {
    pg::Connection own = connect();
    const std::vector<MappingRules> all{{.layout = LayoutKind::columns},
                                        {.layout = LayoutKind::columns, .omit = {"name", "M.*"}},
                                        {},
                                        {.layout = LayoutKind::columns, .new_columns = false}};
    for (std::size_t i = 0; !stop.stop_requested(); ++i) {
      change_to(own, all[i % all.size()], i % 3 == 0 ? RetiredColumns::drop : RetiredColumns::keep);
      own.run("SELECT pg_sleep(0.02)");
    }
  }

  void restore() {
    const MappingRules rules{.layout = LayoutKind::columns};
    for (load(); orders.targets.front().mapping.rules != rules; load())
      change_to(*connection, rules, RetiredColumns::keep);
  }

  std::mutex mutex_;
};

TEST_P(ConcurrentChangeTest, EndsWithTheReplicaEqualToTheSource) {
  const std::uint64_t seed =
      from_environment("DYNAMITE_TEST_SEED", 0) + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  SourceModel source{seed, orders.source->key_schema, 2 + seed % 4};

  std::stop_source stop;
  std::vector<std::future<void>> others, appliers;
  const auto begin = [](std::vector<std::future<void>>& list, auto work) {
    list.push_back(std::async(std::launch::async, std::move(work)));
  };
  begin(others, [&] { promote_repeatedly(stop.get_token()); });
  begin(others, [&] { change_repeatedly(stop.get_token()); });
  begin(others, [&] {
    Writer own{*this};
    while (!stop.stop_requested()) snapshot(source, own);
  });
  for (int i = 0; i < kAppliers; ++i) begin(appliers, [&] { follow(source); });
  for (auto& applier : appliers) applier.wait();
  stop.request_stop();
  for (auto* list : {&appliers, &others})
    for (auto& one : *list) ASSERT_NO_THROW(one.get());
  restore();
  Writer last{*this};
  snapshot(source, last);
  last.apply(source.take_new(true), {});
  promote();

  EXPECT_EQ(items_of(*connection, orders), source.items());
  Comparison comparison{*connection, orders};
  EXPECT_TRUE(comparison.page(batch_of(orders, source.scan(0, source.key_count()))).empty());
  EXPECT_TRUE(comparison.ghosts(10).empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ConcurrentChangeTest, testing::Range(0, 8));

}  // namespace
}  // namespace dynamite::test
