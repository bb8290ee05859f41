#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "json/random_item.hpp"
#include "support/local_dynamodb.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"

namespace dynamite::test {

/// DYNAMITE_TEST_SEED, or another one each time.
inline std::uint64_t seed() {
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
    EXPECT_THAT(compared.output, ::testing::HasSubstr("identical: "));
  }

  /// Waits until the process has logged `words`, half a minute at most.
  static void wait_for(const Process& process, const std::string& words) {
    for (int look = 0; look < 300 && process.errors().find(words) == std::string::npos; ++look)
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    EXPECT_THAT(process.errors(), ::testing::HasSubstr(words));
  }

  LocalDynamoDb source_;
  std::filesystem::path config_;
  std::map<std::string, std::string> environment_;
  std::vector<std::string> arguments_;
};

}  // namespace dynamite::test
