#pragma once

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "replica/catalogue.hpp"
#include "sim/world.hpp"
#include "support/postgres.hpp"

namespace dynamite::sim {

/// A database for worlds. DYNAMITE_SIM_LOG is the level of the daemons' log, which is off.
class WorldFixture : public test::PostgresTest {
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

}  // namespace dynamite::sim
