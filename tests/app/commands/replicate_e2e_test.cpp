#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "app/commands/replicate_fixture.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<KeySchema> kAllKeyShapes{
    {{"pk", KeyType::S}, {}},
    {{"pk", KeyType::N}, {}},
    {{"pk", KeyType::B}, {}},
    {{"pk", KeyType::S}, KeyAttribute{"sk", KeyType::S}},
    {{"pk", KeyType::S}, KeyAttribute{"sk", KeyType::N}},
    {{"pk", KeyType::N}, KeyAttribute{"sk", KeyType::B}},
    {{"item", KeyType::B}, KeyAttribute{"mod_time", KeyType::S}},
    {{"pk", KeyType::N}, KeyAttribute{"sk", KeyType::N}},
};

TEST_F(ReplicateTest, KilledAtRandomMomentsUnderLoadItEndsIdentical) {
  const std::uint64_t run_seed = seed();
  SCOPED_TRACE("DYNAMITE_TEST_SEED=" + std::to_string(run_seed));
  std::mt19937_64 random{run_seed};
  std::vector<Writer::Table> tables;
  for (const KeySchema& keys : kAllKeyShapes) tables.push_back(make_table(keys));
  {
    const Writer first{source_, tables, run_seed + 1, {}};
    const Writer second{source_, tables, run_seed + 2, {}};
    kill_at_random_moments(random, 12);
  }
  expect_identical();
}

TEST_F(ReplicateTest, ASnapshotRacedByPutsAndDeletesEndsIdentical) {
  const std::uint64_t run_seed = seed();
  SCOPED_TRACE("DYNAMITE_TEST_SEED=" + std::to_string(run_seed));
  constexpr std::uint64_t kItems = 30'000;
  const KeySchema keys{{"pk", KeyType::S}, KeyAttribute{"sk", KeyType::N}};
  const Writer::Table table = make_table(keys, "");  // DynamoDB Local loads faster without a stream
  RandomItems random{run_seed, {.attributes_max = 4, .depth_max = 2}};
  std::vector<WriteRequest> load;
  for (std::uint64_t key = 0; key < kItems; ++key) load.push_back({random.item(keys, key), ""});
  source_.api().batch_write(table.name, load);
  source_.set_stream(table.name, true);
  {
    const Writer first{source_, {table}, run_seed + 1, {.keys = kItems, .deletes = 0.6}};
    const Writer second{source_, {table}, run_seed + 2, {.keys = kItems, .deletes = 0.6}};
    const Finished raced = run({"snapshot"});
    EXPECT_EQ(raced.status, 0) << raced.errors;
    const auto process = start_replicate();
    std::this_thread::sleep_for(2s);
    process->signal(SIGTERM);
    const auto asked = std::chrono::steady_clock::now();
    EXPECT_EQ(process->wait(), 0) << process->errors();
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 5s);
  }
  expect_identical();
}

TEST_F(ReplicateTest, APassIsSaidOnlyWhereOneIsMade) {
  make_table({{"pk", KeyType::S}, {}});

  const Finished first = run({"replicate", "--once"});
  const Finished second = run({"replicate", "--once"});

  EXPECT_THAT(first.errors, HasSubstr("pass started table="));
  EXPECT_THAT(first.errors, HasSubstr("read_units_per_second="));
  EXPECT_EQ(second.status, 0) << second.errors;
  EXPECT_THAT(second.errors, Not(HasSubstr("read_units_per_second=")));
}

TEST_F(ReplicateTest, AStreamSwitchedOffAndOnIsAGapThatANewPassHeals) {
  const KeySchema keys{{"pk", KeyType::S}, {}};
  const Writer::Table table = make_table(keys);
  RandomItems random{1};
  for (std::uint64_t key = 0; key < 20; ++key)
    source_.api().put_item(table.name, random.item(keys, key));
  expect_identical();

  source_.set_stream(table.name, false);
  for (std::uint64_t key = 0; key < 10; ++key)
    source_.api().delete_item(table.name, random.key(keys, key));
  source_.set_stream(table.name, true);

  expect_identical();
}

// For Lambda, which may deliver records of a stream for a day after it was switched off.
TEST_F(ReplicateTest, ASnapshotOutdatesTheStreamsThatEndedBeforeIt) {
  const Writer::Table table = make_table({{"pk", KeyType::S}, {}});
  pg::Connection connection = pg::Connection::open(
      {.conninfo = environment_.at("DYNAMITE_URL"), .application_name = "test"});
  const auto newer_than_the_noted = [&] {
    const Finished done = run({"snapshot"});
    EXPECT_EQ(done.status, 0) << done.errors;
    const std::string state = environment_.at("DYNAMITE_STATE_SCHEMA");
    return connection
        .run(fmt::format("SELECT r.oldest_stream - max(s.generation) FROM {0}.replica r "
                         "JOIN {0}.stream s USING (replica_id) WHERE r.table_name = $1 "
                         "GROUP BY r.replica_id",
                         state),
             std::move(pg::Params{}.text(table.name)))
        .number(0, 0);
  };

  EXPECT_EQ(newer_than_the_noted(), 0);
  source_.set_stream(table.name, false);
  EXPECT_EQ(newer_than_the_noted(), 1);
  source_.set_stream(table.name, true);
  EXPECT_EQ(newer_than_the_noted(), 0);
}

TEST_F(ReplicateTest, ASecondDaemonStandsByAndTakesOver) {
  const KeySchema keys{{"pk", KeyType::N}, {}};
  const Writer::Table table = make_table(keys);
  const auto first = start_replicate();
  const Writer writer{source_, {table}, 7, {}};
  wait_for(*first, "following begins");
  const auto second = start_replicate();
  wait_for(*second, "standing by");

  first->signal(SIGKILL);
  const auto killed = std::chrono::steady_clock::now();
  first->wait();

  wait_for(*second, "following begins");
  EXPECT_LT(std::chrono::steady_clock::now() - killed, 5s);
}

// ALTER SYSTEM reaches sessions that are there already, as a demotion does.
TEST_F(ReplicateTest, AServerThatTakesNoWritesIsLeftForTheWriter) {
  const Writer::Table table = make_table({{"pk", KeyType::S}, {}});
  const auto daemon = start_replicate();
  auto writer = std::make_unique<Writer>(source_, std::vector{table}, 8, Writer::Mix{});
  wait_for(*daemon, "pass complete");
  pg::Connection admin = pg::Connection::open(
      {.conninfo = environment_.at("DYNAMITE_URL"), .application_name = "test"});
  const auto set_read_only = [&](const char* value) {
    admin.run("SET default_transaction_read_only = off");
    admin.run(std::string{"ALTER SYSTEM SET default_transaction_read_only = "} + value);
    admin.run("SELECT pg_reload_conf()");
  };

  set_read_only("on");
  wait_for(*daemon, "read-only transaction");
  std::this_thread::sleep_for(2s);
  set_read_only("off");
  std::this_thread::sleep_for(2s);

  EXPECT_TRUE(daemon->running()) << daemon->errors();
  writer.reset();
  daemon->signal(SIGTERM);
  EXPECT_EQ(daemon->wait(), 0) << daemon->errors();
  expect_identical();
}

}  // namespace
}  // namespace dynamite::test
