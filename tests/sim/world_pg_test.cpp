#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "replica/catalogue.hpp"
#include "replica/source_model.hpp"
#include "sim/world.hpp"
#include "support/postgres.hpp"

namespace dynamite::sim {
namespace {

using test::from_environment;

class WorldTest : public test::PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    connection_.emplace(connect());
    Catalogue catalogue{*connection_, state_schema()};
    catalogue.execute(catalogue.plan_state());
    const char* level = std::getenv("DYNAMITE_SIM_LOG");
    spdlog::set_level(level == nullptr ? spdlog::level::off : spdlog::level::from_str(level));
  }

  Place make_place(std::uint64_t seed) {
    Catalogue catalogue{*connection_, state_schema()};
    const std::string name = World::table_name(seed);
    const std::string arn = "arn:aws:dynamodb:us-east-1:000000000000:table/" + name;
    const ReplicaTable wanted{
        .id = 0,
        .source = std::make_shared<const SourceTable>(SourceTable{arn, World::key_schema_of(seed)}),
        .schema = schema(),
        .table = name,
        .state_schema = state_schema()};
    catalogue.execute(catalogue.plan_replica(wanted).sql);
    return {.connect = {.conninfo = url(), .application_name = "sim/" + schema()},
            .replica = catalogue.find(arn).value()};
  }

  std::optional<pg::Connection> connection_;
};

void print(const Counts& counts) {
  for (const auto& [name, count] : counts) fmt::print("  {:>9}  {}\n", count, name);
}

TEST_F(WorldTest, EndsWithTheReplicaEqualToTheTable) {
  const std::uint64_t first = from_environment("DYNAMITE_SIM_FIRST_SEED", 1);
  const std::uint64_t seeds = from_environment("DYNAMITE_SIM_SEEDS", 100);
  Counts total;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const Place place = make_place(seed);
    World world{seed, place};
    world.live();
    const std::string wrong = world.settle();
    for (const auto& [name, count] : world.counts()) total[name] += count;
    ASSERT_EQ(wrong, "") << "repeat it with: make sim SEEDS=1 FIRST_SEED=" << seed;
  }
  fmt::print("{} seeds from {} on\n", seeds, first);
  print(total);
}

}  // namespace
}  // namespace dynamite::sim
