#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "pg/pg_error.hpp"
#include "replica/change/promotion.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/comparison.hpp"
#include "replica/history.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/existing_table.hpp"
#include "replica/state/plan.hpp"

namespace dynamite::test {
namespace {

using enum KeyType;

/// A history in which the mapping changes between the steps. Each applier knows the mapping that it
/// has loaded at last.
class ChangingHistory : public History {
 public:
  ChangingHistory(std::uint64_t seed, const Replica& table, std::deque<pg::Connection>& connections)
      : History{seed, table, connections},
        rules_{table.targets.front().mapping.rules},
        known_(kAppliers, table) {}

  std::size_t promotions = 0, changes = 0, refusals = 0;

 protected:
  bool step_otherwise() override {
    if (!source_.chance(30)) return false;
    if (source_.chance(60))
      promote();
    else
      change(random_rules());
    return true;
  }

  void come_to_rest() override {
    for (int attempt = 0; now().targets.front().mapping.rules != rules_; ++attempt) {
      ASSERT_LT(attempt, 100);
      change(rules_);
    }
    History::come_to_rest();
    EXPECT_FALSE(needed_pass_ && Passes(connections_.front(), known_.front()).state().needs_pass());
    Promotion promotion{now()};
    while (promotion.step(connections_.front()) != PromotionStep::idle) continue;
  }

  /// As a daemon, Lambda and `apply` do: the rows are made anew.
  void apply(const std::vector<TestChange>& changes, const Fence& fence) override {
    const std::size_t applier = source_.below(kAppliers);
    try {
      apply_with(applier, known_[applier], changes, fence);
    } catch (const pg::PgError& error) {
      if (error.sqlstate() != pg::kMappingChanged) throw;
      ++refusals;
      known_[applier] = now();
      apply_with(applier, known_[applier], changes, fence);
    }
  }

 private:
  Replica now() {
    const Replica& known = known_.front();
    return Catalogue{connections_.front(), known.state_schema}.find(known.source->arn).value();
  }

  /// By one who may know an older mapping, and gives it up at any moment.
  void promote() {
    const std::size_t who = source_.below(kAppliers);
    Promotion promotion{known_[who]};
    for (std::size_t steps = source_.below(6); steps > 0; --steps)
      if (promotion.step(connections_[who]) == PromotionStep::idle) break;
    promotions += promotion.added().size();
  }

  void change(const MappingRules& rules) {
    const Replica replica = now();
    const Target& target = replica.targets.front();
    const RetiredColumns retired = source_.chance(50) ? RetiredColumns::drop : RetiredColumns::keep;
    try {
      const auto change = plan_rules(target, replica.source->key_schema, rules,
                                     find_columns(connections_.front(), target), retired);
      if (!change) return;
      ASSERT_TRUE(try_change(connections_.front(), replica, {*change}));
      ++changes;
      if (!change->needs_pass) return;
      needed_pass_ = true;
      need_pass();
    } catch (const Error& error) {
      // A type cannot change while its column is kept.
      ASSERT_EQ(error.kind(), Error::Kind::usage) << error.what();
    }
  }

  MappingRules random_rules() {
    const auto column = [](const std::string& name, ColumnType type) {
      return AttributeColumn{.name = name, .type = type, .from = AttributePath::of(name)};
    };
    const std::vector<MappingRules> all{
        {},
        rules_,
        {.layout = LayoutKind::columns, .new_columns = false},
        {.layout = LayoutKind::columns, .columns_max = 3},
        {.layout = LayoutKind::columns, .column_names = ColumnNames::snake_case},
        {.layout = LayoutKind::columns, .omit = {"name", "M.*", "S"}},
        {.layout = LayoutKind::columns, .only = {"N*", "M.*", "item"}},
        {.layout = LayoutKind::document, .omit = {"item", "_*"}},
        {.layout = LayoutKind::columns, .declared = {column("Name", ColumnType::text)}},
        {.layout = LayoutKind::columns,
         .declared = {column("Name", ColumnType::bigint), column("S", ColumnType::timestamptz)},
         .new_columns = false},
        {.layout = LayoutKind::columns,
         .declared = {{.name = "shown",
                       .type = ColumnType::text,
                       .from = AttributePath::of("pk"),
                       .take = TakePattern::parse("{}")},
                      {.name = "inner",
                       .type = ColumnType::jsonb,
                       .from = AttributePath::parse("M.name").value()}}}};
    return all[source_.below(all.size())];
  }

  const MappingRules rules_;
  std::vector<Replica> known_;  // by applier
  bool needed_pass_ = false;
};

constexpr int kShards = 4;

class ChangingHistoryTest : public ReplicaTest, public testing::WithParamInterface<int> {
 protected:
  Replica make(std::uint64_t seed) {
    constexpr std::array<std::array<KeyType, 2>, kShards> kKeys{{{S, N}, {S, S}, {N, B}, {B, N}}};
    const auto [partition, sort] = kKeys[static_cast<std::size_t>(GetParam())];
    const KeySchema schema = GetParam() == 0 ? keys(S) : keys(partition, sort);
    const std::string name = fmt::format("history_{}", seed);
    Replica wanted = wanted_replica(schema, name);
    wanted.targets = {new_target(state_schema(), this->schema(), name, schema, mapping_of(seed))};
    return make_replica(wanted);
  }

  static Mapping mapping_of(std::uint64_t seed) {
    const AttributeColumn name{
        .name = "name", .type = ColumnType::text, .from = AttributePath::of("name")};
    switch (seed % 3) {
      case 0:
        return {.rules = {.layout = LayoutKind::columns}};
      case 1:
        return {.rules = {.layout = LayoutKind::columns, .declared = {name}}, .columns = {name}};
      default:
        return {};
    }
  }

  void load() {
    orders = Catalogue{connections_.front(), state_schema()}.find(orders.source->arn).value();
  }

  /// What `compare` says: columns that convert or show a part are looked at too.
  void expect_identical(const SourceModel& source) {
    Comparison comparison{connections_.front(), orders};
    ASSERT_TRUE(comparison.page(batch_of(orders, source.scan(0, source.key_count()))).empty());
    ASSERT_TRUE(comparison.ghosts(10).empty());
  }

  std::deque<pg::Connection> connections_;
};

// Repeat a failure with DYNAMITE_TEST_SEED=… DYNAMITE_TEST_SEEDS=1.
TEST_P(ChangingHistoryTest, EndsWithTheReplicaEqualToTheSource) {
  for (std::size_t i = 0; i < kAppliers; ++i) connections_.push_back(connect());
  const std::uint64_t first = from_environment("DYNAMITE_TEST_SEED", 0);
  const std::uint64_t count = from_environment("DYNAMITE_TEST_SEEDS", 75);
  std::size_t promotions = 0, changes = 0, refusals = 0;

  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    orders = make(seed);
    const auto own_seed = seed * kShards + static_cast<std::uint64_t>(GetParam());
    ChangingHistory history{own_seed, orders, connections_};
    ASSERT_NO_THROW(history.run());
    if (HasFatalFailure()) return;
    load();
    ASSERT_EQ(items_of(connections_.front(), orders), history.source().items());
    expect_identical(history.source());
    history.repeat_everything();
    ASSERT_EQ(items_of(connections_.front(), orders), history.source().items()) << "after repeats";
    expect_identical(history.source());
    if (HasFatalFailure()) return;
    promotions += history.promotions;
    changes += history.changes;
    refusals += history.refusals;
  }
  EXPECT_GE(promotions, count / 10);
  EXPECT_GE(changes, count / 4);
  EXPECT_GE(refusals, count / 4);
}

INSTANTIATE_TEST_SUITE_P(Keys, ChangingHistoryTest, testing::Range(0, kShards));

}  // namespace
}  // namespace dynamite::test
