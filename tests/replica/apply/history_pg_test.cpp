#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <deque>

#include "replica/source_model.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using enum KeyType;

constexpr std::size_t kAppliers = 3;
constexpr int kStepsMax = 25;

/// One random history: writes, deliveries with repeats and losses, passes; then all that is left.
class History {
 public:
  History(std::uint64_t seed, const Replica& table, std::deque<pg::Connection>& connections)
      : source_{seed, table.source->key_schema, 1 + seed % 4},
        table_{table},
        connections_{connections},
        passes_{connections.front(), table} {}

  void run() {
    const std::size_t steps = 1 + source_.below(kStepsMax);
    for (std::size_t i = 0; i < steps; ++i) step();
    come_to_rest();
  }

  void repeat_everything() {
    auto all = source_.handed();
    std::ranges::shuffle(all, source_.random());
    while (!all.empty()) {
      const std::size_t count = std::min(all.size(), 1 + source_.below(4));
      apply({all.end() - static_cast<std::ptrdiff_t>(count), all.end()});
      all.resize(all.size() - count);
    }
  }

  const SourceModel& source() const { return source_; }

 private:
  struct Page {
    std::int32_t epoch;
    std::vector<TestChange> items;
  };

  void step() {
    switch (source_.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        source_.write();
        break;
      case 4:
      case 5:
        deliver();
        break;
      case 6:
        if (source_.lose()) whole_ = false;
        break;
      case 7:
        if (epoch_ == 0 || source_.chance(20)) start_pass();
        break;
      case 8:
        if (epoch_ != 0) read_page();
        break;
      case 9:
        put_page();
        break;
      case 10:
        if (epoch_ != 0) end_pass();
        break;
      default:
        if (source_.chance(15)) source_.new_stream();
    }
  }

  void deliver() {
    auto changes = source_.take_new(false);
    for (auto& repeat : source_.take_repeats(source_.below(3)))
      changes.push_back(std::move(repeat));
    std::ranges::shuffle(changes, source_.random());
    apply(changes);
  }

  void start_pass() {
    epoch_ = passes_.start({.segments = 1}, {});
    next_key_ = 0;
    whole_ = true;
  }

  void read_page() {
    const std::size_t last = std::min(source_.key_count(), next_key_ + 1 + source_.below(2));
    pages_.push_back({epoch_, source_.scan(next_key_, last)});
    next_key_ = last;
  }

  // Also pages of passes that another has followed, which must not get in.
  void put_page() {
    if (pages_.empty()) return;
    const auto page = pages_.begin() + static_cast<std::ptrdiff_t>(source_.below(pages_.size()));
    if (page->epoch == epoch_)
      apply(page->items, {.writer = ByPass{page->epoch}});
    else
      EXPECT_EQ(error_of([&] { apply(page->items, {.writer = ByPass{page->epoch}}); }).kind(),
                Error::Kind::fenced);
    if (source_.chance(80)) pages_.erase(page);
  }

  void end_pass() {
    while (next_key_ < source_.key_count()) read_page();
    for (const Page& page : pages_)
      if (page.epoch == epoch_) apply(page.items, {.writer = ByPass{epoch_}});
    passes_.begin_sweep(epoch_, {});
    if (source_.chance(50)) deliver();
    passes_.sweep(epoch_, {}, {});
    epoch_ = 0;
  }

  // The pass that heals a loss must begin after it.
  void come_to_rest() {
    if (!whole_) start_pass();
    if (epoch_ != 0) end_pass();
    while (true) {
      const auto rest = source_.take_new(true);
      if (rest.empty()) break;
      apply(rest);
    }
  }

  void apply(const std::vector<TestChange>& changes, const Fence& fence = {}) {
    pg::Connection& connection = connections_[source_.below(kAppliers)];
    const Batch batch = batch_of(table_, changes);
    const std::optional<PreparedBatch> prepared = prepare_somehow(batch, fence);
    Applier{connection, {.on_poison = OnPoison::stop}}.apply(
        {.table = table_,
         .batch = batch,
         .prepared = prepared ? &*prepared : nullptr,
         .fence = fence});
  }

  // Whoever prepares may not know whether the replica has rows already.
  std::optional<PreparedBatch> prepare_somehow(const Batch& batch, const Fence& fence) {
    if (source_.chance(30)) return std::nullopt;
    if (fence.pass() && source_.chance(60))
      return prepare_copy(batch.changes, table_, *fence.pass());
    return prepare_rows(batch.changes, table_);
  }

  SourceModel source_;
  const Replica& table_;
  std::deque<pg::Connection>& connections_;
  Passes passes_;
  std::vector<Page> pages_;
  std::int32_t epoch_ = 0;  // of the running pass; 0: none
  std::size_t next_key_ = 0;
  bool whole_ = true;  // no loss since the start of the last pass
};

class HistoryTest : public ReplicaTest, public ::testing::WithParamInterface<int> {
 protected:
  void empty() {
    std::vector<std::string> tables{state_schema() + ".gap"};
    for (const Target& target : orders.targets)
      tables.insert(tables.end(), {target.qualified_name(), target.tombstones});
    for (const std::string& table : tables) connections_.front().run("DELETE FROM " + table);
    connections_.front().run(fmt::format("UPDATE {}.replica SET pass = 'none'", state_schema()));
  }

  std::deque<pg::Connection> connections_;
};

constexpr int kShards = 6;

// Repeat a failure with DYNAMITE_TEST_SEED=… DYNAMITE_TEST_SEEDS=1.
TEST_P(HistoryTest, EndsWithTheReplicaEqualToTheSource) {
  constexpr std::array<std::array<KeyType, 2>, kShards> kKeys{
      {{S, N}, {S, S}, {N, B}, {B, N}, {S, B}, {B, S}}};
  const auto [partition, sort] = kKeys[static_cast<std::size_t>(GetParam())];
  orders = make_replica(GetParam() == 0 ? keys(S) : keys(partition, sort), "history");
  for (std::size_t i = 0; i < kAppliers; ++i) connections_.push_back(connect());
  const std::uint64_t first = from_environment("DYNAMITE_TEST_SEED", 0);
  const std::uint64_t count = from_environment("DYNAMITE_TEST_SEEDS", 500);

  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const auto own_seed = seed * kShards + static_cast<std::uint64_t>(GetParam());
    History history{own_seed, orders, connections_};
    ASSERT_NO_THROW(history.run());
    ASSERT_EQ(items_of(connections_.front(), orders), history.source().items());
    history.repeat_everything();
    ASSERT_EQ(items_of(connections_.front(), orders), history.source().items()) << "after repeats";
    ASSERT_EQ(difference_of_targets(connections_.front(), orders), "");
    empty();
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, HistoryTest, ::testing::Range(0, kShards));

}  // namespace
}  // namespace dynamite::test
