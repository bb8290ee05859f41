#include <gtest/gtest.h>

#include <future>

#include "engine/engine.hpp"
#include "replica/state/follower.hpp"
#include "support/errors.hpp"
#include "support/fake_transport.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;

using EngineTest = ReplicaTest;

TEST_F(EngineTest, AnErrorThatEndsTheRunStopsTheWorkersAndGivesTheTablesBack) {
  FakeAws aws;
  aws.transport.forever(refusal("ThrottlingException"));
  DynamoDb dynamodb{aws.client};
  EngineOptions options;
  options.connect.conninfo = url();
  Engine engine{options, dynamodb};
  Replica of_no_schema = orders;
  of_no_schema.id = orders.id + 1;
  of_no_schema.state_schema = "no_such_state";
  engine.add(orders, TableDescription{});
  engine.add(of_no_schema, TableDescription{});
  std::stop_source stop;

  std::future<void> run =
      std::async(std::launch::async, [&] { engine.run(stop.get_token(), [] {}); });
  const std::future_status ended = run.wait_for(20s);
  stop.request_stop();  // so that a run without an end fails the test instead of hanging

  EXPECT_TRUE(ended == std::future_status::ready);
  EXPECT_EQ(error_of([&] { run.get(); }).kind(), Error::Kind::usage);
  EXPECT_NE(engine.tables().front()->owner, 0);
  EXPECT_TRUE(followed_by_lambda(*connection, orders));
}

}  // namespace
}  // namespace dynamite::test
