#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "mapping/new_columns.hpp"
#include "replica/state/pass.hpp"
#include "support/replica.hpp"

namespace dynamite::test {

/// A replica whose only target has a history. The parameter is its layout.
class TargetHistoryTest : public ReplicaTest, public ::testing::WithParamInterface<LayoutKind> {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (!HasFatalFailure()) make({});
  }

  void make(MappingRules rules) {
    rules.layout = GetParam();
    rules.history = true;
    Mapping mapping{.rules = rules};
    mapping.columns =
        new_columns(mapping, keys(KeyType::S), std::vector<AttributeNote>{{"kind", "S"}}, {});
    name_ = fmt::format("noted_{}", ++made_);
    Replica wanted = wanted_replica(keys(KeyType::S), name_);
    wanted.targets = {new_target(state_schema(), schema(), name_, keys(KeyType::S), mapping)};
    noted_ = make_replica(wanted);
  }

  ApplyOutcome apply_all(const std::vector<TestChange>& changes, const Fence& fence = {}) {
    const Batch batch = batch_of(noted_, changes);
    return Applier{*connection, {}}.apply({.table = noted_, .batch = batch, .fence = fence});
  }
  /// The rows are made before, as by a daemon.
  void apply_prepared(const std::vector<TestChange>& changes) {
    const Batch batch = batch_of(noted_, changes);
    const PreparedBatch prepared = prepare_rows(batch.changes, noted_);
    Applier{*connection, {}}.apply({.table = noted_, .batch = batch, .prepared = &prepared});
  }

  std::int32_t begin_pass() { return Passes{*connection, noted_}.start({.segments = 1}, {}); }
  void scan(std::int32_t epoch, const std::vector<TestChange>& items) {
    apply_all(items, {.writer = ByPass{epoch}});
  }
  void sweep(std::int32_t epoch) {
    Passes passes{*connection, noted_};
    passes.begin_sweep(epoch, {});
    passes.sweep(epoch, {}, {});
  }
  /// A whole pass that finds these items.
  void run_pass(const std::vector<TestChange>& items) {
    const std::int32_t epoch = begin_pass();
    scan(epoch, items);
    sweep(epoch);
  }

  /// A line a row: key, what became of it, its attribute kind, version without what a pass adds.
  std::string lines() {
    return query(
        fmt::format("SELECT pk, change, item ->> 'kind', trunc(_version) FROM {}_history "
                    "ORDER BY pk, _version",
                    name_));
  }
  /// What the history says that there is now: key and kind.
  std::string now() {
    return query(
        fmt::format("SELECT pk, item ->> 'kind' FROM {}_ranges WHERE valid_to IS NULL "
                    "AND item IS NOT NULL ORDER BY pk",
                    name_));
  }
  std::string table() const { return schema() + "." + name_; }
  const Replica& noted() const { return noted_; }

 private:
  Replica noted_;
  std::string name_;
  int made_ = 0;
};

/// `{"pk":{"S":KEY},"kind":{"S":KIND}}`
inline std::string item_of_kind(const std::string& key, const std::string& kind) {
  return fmt::format(R"({{"pk":{{"S":"{}"}},"kind":{{"S":"{}"}}}})", key, kind);
}

}  // namespace dynamite::test
