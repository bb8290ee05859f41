#pragma once

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replica/state/catalogue.hpp"
#include "replica/state/plan.hpp"
#include "sim/checks/letter_log.hpp"
#include "sim/mappings.hpp"
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
      const Place place = seed / 6 % 2 == 0 ? make_place(seed) : make_changing_place(seed);
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
    for (const std::string& sql : letter_log_sql(state_schema())) connection.run(sql);
    const char* level = std::getenv("DYNAMITE_SIM_LOG");
    const char* crashes = std::getenv("DYNAMITE_SIM_CRASHES");
    server_crashes_ = crashes != nullptr && std::string_view{crashes} == "1";
    spdlog::set_level(level == nullptr ? spdlog::level::off : spdlog::level::from_str(level));
  }

  /// Of six places four have a target of layout `columns`. Three have a second target, which must
  /// end equal to the first.
  Place make_place(std::uint64_t seed) {
    std::vector<MappingRules> rules{{.layout = layout(seed % 3 == 1)}};
    if (seed % 2 == 0) rules.push_back({.layout = layout(seed % 3 != 1)});
    return make_place(seed, rules);
  }

  /// Up to kTargetsMax targets with random clauses, which change.
  Place make_changing_place(std::uint64_t seed) {
    std::mt19937_64 random{seed};
    const KeySchema keys = World::key_schema_of(seed);
    const std::vector<std::string> hashed_keys = random_hashed_keys(keys, random);
    std::vector<MappingRules> rules;
    for (std::size_t left = 1 + random() % kTargetsMax; left > 0; --left)
      rules.push_back(random_rules(keys, hashed_keys, random));
    Place place = make_place(seed, rules);
    place.changes_targets = true;
    return place;
  }

  bool server_crashes_ = false;

 private:
  static LayoutKind layout(bool columns) {
    return columns ? LayoutKind::columns : LayoutKind::document;
  }

  /// A target for each of `rules`.
  Place make_place(std::uint64_t seed, const std::vector<MappingRules>& rules) {
    pg::Connection connection = connect();
    Planner planner{connection, state_schema()};
    const std::string name = World::table_name(seed);
    const std::string arn = "arn:aws:dynamodb:us-east-1:000000000000:table/" + name;
    const KeySchema keys = World::key_schema_of(seed);
    Replica wanted{.id = 0,
                   .source = std::make_shared<const SourceTable>(SourceTable{arn, keys}),
                   .state_schema = state_schema(),
                   .targets = {}};
    for (const MappingRules& of_target : rules) {
      const std::size_t number = wanted.targets.size();
      Mapping mapping{.rules = of_target, .hash_key = hash_key()};
      if (of_target.layout == LayoutKind::columns)
        mapping.columns = test::columns_mapping(keys).columns;
      wanted.targets.push_back(new_target(state_schema(), schema(),
                                          number == 0 ? name : fmt::format("{}_{}", name, number),
                                          keys, std::move(mapping)));
    }
    planner.execute(planner.plan_replica(wanted).sql);
    return {.connect = {.conninfo = url(), .application_name = "sim/" + schema()},
            .replica = Catalogue{connection, state_schema(), hash_key()}.find(arn).value(),
            .crash_postgres = server_crashes_ ? test::crash_postgres : nullptr};
  }
};

}  // namespace dynamite::sim
