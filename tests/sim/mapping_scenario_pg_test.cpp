#include <fmt/format.h>
#include <gmock/gmock.h>

#include "replica/change/rules_change.hpp"
#include "replica/state/catalogue.hpp"
#include "sim/world_fixture.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

constexpr std::uint64_t kSeed = 11;

/// A daemon follows a table, and nobody writes to it.
class MappingScenarioTest : public WorldFixture {
 protected:
  void SetUp() override {
    WorldFixture::SetUp();
    if (HasFatalFailure()) return;
    place_ = make_place(kSeed);
    change({.layout = LayoutKind::columns});
    world_.emplace(kSeed, place_);
    world_->start_daemon();
    settle_down();
  }

  /// Changes the rules of the first target.
  void change(const MappingRules& rules) {
    pg::Connection connection = connect();
    const Replica now = replica();
    const auto change =
        plan_rules(now.targets.front(), now.source->key_schema, rules,
                   find_columns(connection, now.targets.front()), RetiredColumns::keep);
    if (!change) return;
    for (int attempt = 0; !try_change(connection, now, {*change}); ++attempt)
      ASSERT_LT(attempt, 20);
  }
  Replica replica() {
    pg::Connection connection = connect();
    return Catalogue{connection, state_schema()}.find(place_.replica.source->arn).value();
  }
  /// PostgreSQL's clock does not move with the world's.
  void change_now(const MappingRules& rules) {
    change(rules);
    query(fmt::format("UPDATE {}.replica_target SET changed_at = to_timestamp({} / 1e6)",
                      state_schema(), world_->chance().now().time_since_epoch().count()));
  }
  std::uint64_t calls_of_reading_back() { return world_->chance().counts["calls of BatchGetItem"]; }
  std::size_t columns() { return replica().targets.front().mapping.columns.size(); }
  std::string epochs() {
    return query(fmt::format("SELECT epoch, completed_epoch FROM {}.replica", state_schema()));
  }

  void settle_down() {
    world_->run_for(2min);
    EXPECT_THAT(world_->status(), StartsWith("following"));
  }

  Place place_;
  std::optional<World> world_;
};

TEST_F(MappingScenarioTest, ADaemonGivesFrequentAttributesColumns) {
  world_->write(200);

  world_->run_for(3min);

  EXPECT_GT(columns(), 3U);
  for (const AttributeColumn& column : replica().targets.front().mapping.columns)
    EXPECT_FALSE(column.filling) << column.name;
  EXPECT_THAT(world_->status(), StartsWith("following"));
}

TEST_F(MappingScenarioTest, ADaemonOfAQuietTableMakesThePassThatAChangedMappingNeeds) {
  ASSERT_EQ(epochs(), "1|1");

  change({.layout = LayoutKind::columns, .omit = {"a*"}});

  settle_down();
  EXPECT_EQ(epochs(), "2|2");
}

TEST_F(MappingScenarioTest, ADaemonReadsBackRecordsOfBeforeAChangeOfTheClause) {
  world_->kill_first_daemon();
  world_->write(30);
  change_now({.layout = LayoutKind::columns, .where = "kind = 'x'"});

  world_->start_daemon();

  settle_down();
  EXPECT_EQ(world_->difference(), "");
  EXPECT_GT(calls_of_reading_back(), 0U);
  world_->run_for(5min);
  const std::uint64_t before = calls_of_reading_back();
  world_->write(30);
  settle_down();
  EXPECT_EQ(world_->difference(), "");
  EXPECT_EQ(calls_of_reading_back(), before) << "records are newer than the change";
}

TEST_F(MappingScenarioTest, AChangeThatNeedsNoPassMakesNone) {
  change({.layout = LayoutKind::columns, .columns_max = 5});

  settle_down();
  EXPECT_EQ(epochs(), "1|1");
}

}  // namespace
}  // namespace dynamite::sim
