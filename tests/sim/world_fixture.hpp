#pragma once

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "replica/state/plan.hpp"
#include "sim/world.hpp"
#include "support/postgres.hpp"
#include "support/replica.hpp"

namespace dynamite::sim {

/// A database for worlds. DYNAMITE_SIM_LOG is the level of the daemons' log, which is off. The
/// server crashes too if DYNAMITE_SIM_CRASHES is 1, or the test says so.
class WorldFixture : public test::PostgresTest {
 protected:
  /// What happened, and how often. Stops at the first that does not end well.
  Counts run_worlds(std::uint64_t first, std::uint64_t seeds) {
    Counts total;
    for (std::uint64_t seed = first; seed < first + seeds && !HasFailure(); ++seed) {
      const Place place = make_place(seed);
      World world{seed, place};
      world.live();
      EXPECT_EQ(world.settle(), "") << "repeat it with: make sim SEEDS=1 FIRST_SEED=" << seed
                                    << (server_crashes_ ? "" : " CRASHES=0");
      for (const auto& [name, count] : world.counts()) total[name] += count;
    }
    return total;
  }

  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    pg::Connection connection = connect();
    Planner planner{connection, state_schema()};
    planner.execute(planner.plan_state());
    const char* level = std::getenv("DYNAMITE_SIM_LOG");
    const char* crashes = std::getenv("DYNAMITE_SIM_CRASHES");
    server_crashes_ = crashes != nullptr && std::string_view{crashes} == "1";
    spdlog::set_level(level == nullptr ? spdlog::level::off : spdlog::level::from_str(level));
  }

  Place make_place(std::uint64_t seed) {
    pg::Connection connection = connect();
    Planner planner{connection, state_schema()};
    const std::string name = World::table_name(seed);
    const std::string arn = "arn:aws:dynamodb:us-east-1:000000000000:table/" + name;
    const KeySchema keys = World::key_schema_of(seed);
    // Of six worlds four have a target of layout `columns`. Three have a second target, which must
    // end equal to the first.
    const auto target = [&](const std::string& table, bool columns) {
      return new_target(state_schema(), schema(), table, keys,
                        columns ? test::columns_mapping(keys) : Mapping{});
    };
    Replica wanted{.id = 0,
                   .source = std::make_shared<const SourceTable>(SourceTable{arn, keys}),
                   .state_schema = state_schema(),
                   .targets = {target(name, seed % 3 == 1)}};
    if (seed % 2 == 0) wanted.targets.push_back(target(name + "_second", seed % 3 != 1));
    planner.execute(planner.plan_replica(wanted).sql);
    return {.connect = {.conninfo = url(), .application_name = "sim/" + schema()},
            .replica = Catalogue{connection, state_schema()}.find(arn).value(),
            .crash_postgres = server_crashes_ ? test::crash_postgres : nullptr};
  }

  bool server_crashes_ = false;
};

}  // namespace dynamite::sim
