#pragma once

#include <fmt/format.h>

#include <string>

#include "replica/state/plan.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {

/// Without the replica that ReplicaTest makes.
class CatalogueTest : public ReplicaTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (!HasFatalFailure()) connection.emplace(connect());
  }

  Catalogue catalogue() { return {*connection, state_schema()}; }
  Planner planner() { return {*connection, state_schema()}; }
  void make_state() { planner().execute(planner().plan_state()); }
  Error refusal_of(const Replica& wanted) {
    return error_of([&] { planner().plan_replica(wanted); });
  }
  std::string columns_of(const std::string& table) {
    return query(fmt::format(
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' "
        "ORDER BY attnum) FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0",
        table));
  }
};

}  // namespace dynamite::test
