#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "json/random_item.hpp"
#include "pg/connection.hpp"
#include "support/local_dynamodb.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/targets_reader.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
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

std::uint64_t seed() {
  const char* given = std::getenv("DYNAMITE_TEST_SEED");
  const std::uint64_t value = given == nullptr ? std::random_device{}() : std::stoull(given);
  ::testing::Test::RecordProperty("seed", std::to_string(value));
  return value;
}

/// Writes random changes to random tables until it is destroyed.
class Writer {
 public:
  struct Table {
    std::string name;
    KeySchema keys;
  };
  struct Mix {
    std::uint64_t keys = 200;  ///< of each table
    double deletes = 0.3;
    bool kinds = false;  ///< each item has the attribute "kind", which is a, b or c
  };

  Writer(const LocalDynamoDb&, std::vector<Table> tables, std::uint64_t seed, Mix mix)
      : thread_{[=](const std::stop_token& stop) {
          LocalDynamoDb source;
          RandomItems random{seed};
          std::uniform_real_distribution<double> chance{0, 1};
          while (!stop.stop_requested()) {
            const Table& table = tables[random.engine()() % tables.size()];
            const std::uint64_t key = random.engine()() % mix.keys;
            if (chance(random.engine()) < mix.deletes)
              source.api().delete_item(table.name, random.key(table.keys, key));
            else
              source.api().put_item(table.name, item(random, table, key, mix));
          }
        }} {}

 private:
  static std::string item(RandomItems& random, const Table& table, std::uint64_t key, Mix mix) {
    std::string item = random.item(table.keys, key);
    if (!mix.kinds) return item;
    item.pop_back();
    return fmt::format(R"({},"kind":{{"S":"{}"}}}})", item, "abc"[random.engine()() % 3]);
  }

  std::jthread thread_;
};

class ReplicateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* url = std::getenv("DYNAMITE_TEST_PG_URL");
    ASSERT_NE(url, nullptr) << "start it with: tools/with-servers ctest --test-dir build/ci";
    const std::string name = "e2e_" + std::to_string(getpid());
    environment_ = {{"DYNAMITE_URL", url},
                    {"DYNAMITE_SCHEMA", name},
                    {"DYNAMITE_STATE_SCHEMA", name + "_state"},
                    {"AWS_ENDPOINT_URL", source_.endpoint()}};
  }

  Writer::Table make_table(const KeySchema& keys, const std::string& view = "NEW_AND_OLD_IMAGES") {
    const std::string name = source_.create_table("Replicate", keys, view);
    arguments_.insert(arguments_.end(), {"--table", name});
    return {name, keys};
  }

  void TearDown() override { std::filesystem::remove(config_); }

  /// `config`: a file for all commands that follow.
  void configure(const std::string& config) {
    config_ = testing::TempDir() + environment_.at("DYNAMITE_SCHEMA") + ".toml";
    std::ofstream{config_} << config;
    arguments_.insert(arguments_.end(), {"--config", config_.string()});
  }

  std::vector<std::string> with_tables(std::vector<std::string> command) const {
    command.insert(command.end(), arguments_.begin(), arguments_.end());
    return command;
  }

  Finished run(std::vector<std::string> command) const {
    return run_program(with_tables(std::move(command)), environment_);
  }

  std::unique_ptr<Process> start_replicate() const {
    std::vector<std::string> arguments = with_tables({"replicate"});
    arguments.insert(arguments.begin(), DYNAMITE_PROGRAM);
    return std::make_unique<Process>(arguments, environment_);
  }

  /// Daemons, one after the other, each killed after a moment. After three of them the server
  /// crashes with the next.
  void kill_at_random_moments(std::mt19937_64& random, int times) const {
    for (int kill = 0; kill < times; ++kill) {
      const auto process = start_replicate();
      std::this_thread::sleep_for(std::chrono::milliseconds{300 + random() % 1'700});
      if (kill % 4 == 3) crash_postgres();
      EXPECT_TRUE(process->running()) << process->errors();
      process->signal(SIGKILL);
      process->wait();
    }
  }

  void expect_identical() const {
    const Finished drained = run({"replicate", "--once"});
    EXPECT_EQ(drained.status, 0) << drained.errors;
    const Finished compared = run({"compare"});
    EXPECT_EQ(compared.status, 0) << compared.output << compared.errors;
    EXPECT_THAT(compared.output, HasSubstr("identical: "));
  }

  /// Waits until the process has logged `words`, half a minute at most.
  static void wait_for(const Process& process, const std::string& words) {
    for (int look = 0; look < 300 && process.errors().find(words) == std::string::npos; ++look)
      std::this_thread::sleep_for(100ms);
    EXPECT_THAT(process.errors(), HasSubstr(words));
  }

  LocalDynamoDb source_;
  std::filesystem::path config_;
  std::map<std::string, std::string> environment_;
  std::vector<std::string> arguments_;
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

/// A single-table design: items move between the first three targets, the next two share them by
/// key, and the last, a document each, takes all.
class SingleTableTest : public ReplicateTest {
 protected:
  void SetUp() override {
    ReplicateTest::SetUp();
    if (HasFatalFailure()) return;
    table_ = make_table({{"pk", KeyType::S}, KeyAttribute{"sk", KeyType::N}});
    std::string config = fmt::format("[[table]]\nname = '{}'\n", table_.name);
    for (const char* target :
         {"where = \"kind = 'a'\"\nlayout = 'columns'",
          "where = \"kind = 'b'\"\nlayout = 'columns'", "where = \"NOT kind IN ['a', 'b']\"",
          "where = 'sk < 1'\nlayout = 'columns'", "where = 'sk >= 1'", ""}) {
      const std::string into = fmt::format("split_{}", targets_.size());
      config += fmt::format("[[table.target]]\ninto = '{}'\n{}\n", into, target);
      targets_.push_back(fmt::format("{}.\"{}\"", environment_.at("DYNAMITE_SCHEMA"), into));
    }
    configure(config);
    const Finished made = run({"bootstrap"});
    ASSERT_EQ(made.status, 0) << made.errors;
  }

  using Found = TargetsReader::Found;
  /// Reads the three targets, and the two, while `run` runs.
  void read_while(Found by_kind, const std::function<void()>& run) const {
    const auto look = [&](std::ptrdiff_t first, std::ptrdiff_t last, Found found) {
      return TargetsReader::Look{.url = environment_.at("DYNAMITE_URL"),
                                 .targets = {targets_.begin() + first, targets_.begin() + last},
                                 .key = "pk || ' ' || sk",
                                 .found = found};
    };
    TargetsReader kinds{look(0, 3, by_kind)};
    TargetsReader keys{look(3, 5, Found::once)};
    run();
    for (const TargetsReader::Findings& findings : {kinds.stop(), keys.stop()}) {
      EXPECT_GT(findings.looks, 0U);
      EXPECT_THAT(findings.wrong, IsEmpty());
    }
  }

  /// The keys of a target's rows that `where` chooses.
  std::string keys_of(std::size_t target, const std::string& where = "true") const {
    pg::Connection connection = pg::Connection::open(
        {.conninfo = environment_.at("DYNAMITE_URL"), .application_name = "test"});
    const std::string sql =
        fmt::format("SELECT string_agg(pk || ' ' || sk, ',' ORDER BY pk, sk) FROM {} WHERE {}",
                    targets_[target], where);
    return std::string{connection.run(sql).at(0, 0)};
  }

  Writer::Table table_;
  std::vector<std::string> targets_;  // quoted
};

TEST_F(SingleTableTest, KilledAtRandomMomentsEachItemStaysInOneTarget) {
  const std::uint64_t run_seed = seed();
  SCOPED_TRACE("DYNAMITE_TEST_SEED=" + std::to_string(run_seed));
  std::mt19937_64 random{run_seed};
  const auto kill_while_written = [&](const Writer::Mix& mix, int times) {
    const Writer first{source_, {table_}, random(), mix};
    const Writer second{source_, {table_}, random(), mix};
    kill_at_random_moments(random, times);
  };
  const Writer::Mix moves{.deletes = 0, .kinds = true};
  // A scanned item may be in two targets until its records have come.
  read_while(Found::at_least_once, [&] {
    kill_while_written(moves, 4);
    expect_identical();
  });
  read_while(Found::once, [&] { kill_while_written(moves, 6); });
  kill_while_written({.deletes = 0.5, .kinds = true}, 2);
  expect_identical();
  EXPECT_EQ(keys_of(0), keys_of(5, "item ->> 'kind' = 'a'"));
  EXPECT_EQ(keys_of(1), keys_of(5, "item ->> 'kind' = 'b'"));
  EXPECT_EQ(keys_of(2), keys_of(5, "item ->> 'kind' = 'c'"));
  EXPECT_EQ(keys_of(3), keys_of(5, "sk < 1"));
  EXPECT_EQ(keys_of(4), keys_of(5, "sk >= 1"));
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
