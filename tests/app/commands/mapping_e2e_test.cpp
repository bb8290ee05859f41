#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "support/local_dynamodb.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using ::testing::HasSubstr;

/// A table whose [[table]] stands in a file.
class MappingTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    table_ = source_.create_table("Mapped", keys(KeyType::S));
    file_ = std::filesystem::path{testing::TempDir()} / (table_ + ".toml");
  }
  void TearDown() override {
    std::filesystem::remove(file_);
    PostgresTest::TearDown();
  }

  void put(const std::string& item) { source_.api().put_item(table_, item); }

  Finished run(const std::string& mapping, std::vector<std::string> command) {
    std::ofstream{file_} << fmt::format("[[table]]\nname = \"{}\"\n{}", table_, mapping);
    command.insert(command.end(), {"--table", table_, "--config", file_.string()});
    return run_program(std::move(command), {{"DYNAMITE_URL", url()},
                                            {"DYNAMITE_SCHEMA", schema()},
                                            {"DYNAMITE_STATE_SCHEMA", state_schema()},
                                            {"AWS_ENDPOINT_URL", source_.endpoint()}});
  }
  /// One pass, and that `compare` finds nothing.
  void replicate(const std::string& mapping) {
    const Finished copied = run(mapping, {"replicate", "--once"});
    ASSERT_EQ(copied.status, 0) << copied.errors;
    const Finished compared = run(mapping, {"compare"});
    ASSERT_EQ(compared.status, 0) << compared.output << compared.errors;
  }
  std::string rows(const std::string& columns) {
    return query(
        fmt::format("SELECT string_agg(concat_ws(' ', {}), '; ' ORDER BY pk) FROM {}.\"{}\"",
                    columns, schema(), table_));
  }

  LocalDynamoDb source_;
  std::string table_;
  std::filesystem::path file_;
};

TEST_F(MappingTest, DeclaredColumnsAreFilled) {
  put(R"({"pk":{"S":"ORDER#7"},"total":{"N":"12.5"},"seenAt":{"N":"1700000000500"},)"
      R"("address":{"M":{"city":{"S":"Bonn"},"zip":{"S":"53111"}}}})");
  put(R"({"pk":{"S":"USER#8"},"total":{"S":"free"}})");

  replicate(R"(layout = "columns"
new_columns = false
[table.columns]
amount = { from = "total", type = "numeric" }
city = { from = "address.city" }
order_id = { from = "pk", take = "ORDER#{}" }
seen = { from = "seenAt", type = "timestamptz", unit = "ms" }
)");

  EXPECT_EQ(rows("amount, city, order_id, extract(epoch FROM seen), _rest"),
            R"(12.5 Bonn 7 1700000000.500000 {"address": {"zip": "53111", "city": "Bonn"}}; )"
            R"({"total": "free"})");
}

TEST_F(MappingTest, WhatIsOmittedIsInNoRow) {
  put(R"({"pk":{"S":"a"},"password_hash":{"S":"planted-secret"},"n":{"N":"1"},)"
      R"("card":{"M":{"number":{"S":"planted-secret"},"owner":{"S":"A"}}}})");
  const std::string omit = "omit = [\"password*\", \"card.number\"]\n";

  replicate(omit);

  EXPECT_EQ(rows("item"), R"({"n": 1, "pk": "a", "card": {"owner": "A"}})");
}

TEST_F(MappingTest, OnlyNarrowsLayoutColumns) {
  put(R"({"pk":{"S":"a"},"n":{"N":"1"},"secret":{"S":"planted-secret"},)"
      R"("card":{"M":{"number":{"S":"planted-secret"},"owner":{"S":"A"}}}})");

  replicate("layout = \"columns\"\nonly = [\"n\", \"card.owner\"]\nnew_columns = false\n");

  EXPECT_EQ(rows("pk, _rest"), R"(a {"n": 1, "card": {"owner": "A"}})");
}

TEST_F(MappingTest, ADeclaredColumnNamedAsAKeyColumnIsRefused) {
  const Finished refused =
      run("layout = \"columns\"\ncolumns = { pk = { from = \"total\" } }\n", {"bootstrap"});

  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.errors, HasSubstr(fmt::format("the declared column \"pk\" of \"{}\" has the "
                                                    "name of a key column",
                                                    table_)));
}

}  // namespace
}  // namespace dynamite::test
