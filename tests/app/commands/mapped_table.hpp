#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "support/local_dynamodb.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"

namespace dynamite::test {

/// A table in DynamoDB Local whose [[table]] stands in a file.
class MappedTableTest : public PostgresTest {
 protected:
  void TearDown() override {
    std::filesystem::remove(file_);
    PostgresTest::TearDown();
  }

  void make_table(const KeySchema& keys,
                  const std::string& stream_view_type = "NEW_AND_OLD_IMAGES") {
    table_ = source_.create_table("Mapped", keys, stream_view_type);
    file_ = std::filesystem::path{testing::TempDir()} / (table_ + ".toml");
  }

  void put(const std::string& item) { source_.api().put_item(table_, item); }

  /// `mapping`: what stands in the [[table]].
  Finished finish(const std::string& mapping, std::vector<std::string> command) {
    return finish_with(fmt::format("[[table]]\nname = \"{}\"\n{}", table_, mapping),
                       std::move(command));
  }
  /// `config`: the whole file.
  Finished finish_with(const std::string& config, std::vector<std::string> command) {
    std::ofstream{file_} << config;
    command.insert(command.end(), {"--table", table_, "--config", file_.string()});
    return run_program(std::move(command), {{"DYNAMITE_URL", url()},
                                            {"DYNAMITE_SCHEMA", schema()},
                                            {"DYNAMITE_STATE_SCHEMA", state_schema()},
                                            {"AWS_ENDPOINT_URL", source_.endpoint()}});
  }

  /// What the program prints, which ends with 0.
  std::string run(const std::string& mapping, std::vector<std::string> command) {
    return printed(finish(mapping, std::move(command)));
  }
  static std::string printed(const Finished& finished) {
    EXPECT_EQ(finished.status, 0) << finished.output << finished.errors;
    return finished.output + finished.errors;
  }

  /// Of each row the columns, separated by blanks; rows by their keys, separated by semicolons.
  std::string rows(const std::string& table, const std::string& columns,
                   const std::string& key = "pk") {
    return query(fmt::format(
        "SELECT coalesce(string_agg(concat_ws(' ', {}), '; ' ORDER BY {}), '') FROM {}.\"{}\"",
        columns, key, schema(), table));
  }
  std::string targets_that_need_a_pass() {
    return query(
        fmt::format("SELECT coalesce(string_agg(replica, ', ' ORDER BY replica), '') FROM "
                    "{}.status WHERE needs_pass",
                    state_schema()));
  }

  LocalDynamoDb source_;
  std::string table_;
  std::filesystem::path file_;
};

}  // namespace dynamite::test
