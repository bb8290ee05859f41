#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "replica/source_model.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"

namespace dynamite::test {

inline constexpr std::size_t kAppliers = 3;
inline constexpr int kStepsMax = 25;

/// One random history: writes, deliveries with repeats and losses, passes; then all that is left.
class History {
 public:
  History(std::uint64_t seed, const Replica& table, std::deque<pg::Connection>& connections,
          SourceModel::Options options = SourceModel::Options())
      : source_{seed, table.source->key_schema, 1 + seed % 4, options},
        connections_{connections},
        table_{table},
        passes_{connections.front(), table} {}
  History(const History&) = delete;
  History& operator=(const History&) = delete;
  virtual ~History() = default;

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

 protected:
  /// Does something else than the history's own steps. False: nothing.
  virtual bool step_otherwise() { return false; }

  // The pass that heals a loss must begin after it.
  virtual void come_to_rest() {
    if (!whole_) start_pass();
    if (epoch_ != 0) end_pass();
    while (true) {
      const auto rest = source_.take_new(true);
      if (rest.empty()) break;
      apply(rest);
    }
  }

  /// By a random applier.
  virtual void apply(const std::vector<TestChange>& changes, const Fence& fence = {}) {
    apply_with(source_.below(kAppliers), table_, changes, fence);
  }

  void apply_with(std::size_t applier, const Replica& table, const std::vector<TestChange>& changes,
                  const Fence& fence) {
    const Batch batch = batch_of(table, changes);
    const std::optional<PreparedBatch> prepared = prepare_somehow(table, batch, fence);
    Applier{connections_[applier], {.on_poison = OnPoison::stop}}.apply(
        {.table = table,
         .batch = batch,
         .prepared = prepared ? &*prepared : nullptr,
         .fence = fence});
  }

  /// A pass must begin from now on before the replica is equal.
  void need_pass() { whole_ = false; }

  SourceModel source_;
  std::deque<pg::Connection>& connections_;

 private:
  struct Page {
    std::int32_t epoch;
    std::vector<TestChange> items;
  };

  void step() {
    if (step_otherwise()) return;
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

  // Whoever prepares may not know whether the replica has rows already.
  std::optional<PreparedBatch> prepare_somehow(const Replica& table, const Batch& batch,
                                               const Fence& fence) {
    if (source_.chance(30)) return std::nullopt;
    if (fence.pass() && source_.chance(60))
      return prepare_copy(batch.changes, table, *fence.pass());
    return prepare_rows(batch.changes, table);
  }

  const Replica& table_;
  Passes passes_;
  std::vector<Page> pages_;
  std::int32_t epoch_ = 0;  // of the running pass; 0: none
  std::size_t next_key_ = 0;
  bool whole_ = true;  // no loss since the start of the last pass
};

}  // namespace dynamite::test
