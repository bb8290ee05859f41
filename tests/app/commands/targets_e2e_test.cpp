#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/local_dynamodb.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDocuments = "[[table.target]]\ninto = 'documents'\nomit = ['secret']\n";
constexpr const char* kColumns = "[[table.target]]\ninto = 'wide'\nlayout = 'columns'\n";

/// A source whose [[table]] stands in a file, with targets that come and go.
class TargetsTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    table_ = source_.create_table("Several", keys(KeyType::S));
    file_ = std::filesystem::path{testing::TempDir()} / (table_ + ".toml");
    put(R"({"pk":{"S":"a"},"n":{"N":"1"},"secret":{"S":"planted"}})");
  }
  void TearDown() override {
    std::filesystem::remove(file_);
    PostgresTest::TearDown();
  }

  void put(const std::string& item) { source_.api().put_item(table_, item); }

  /// What the program prints. `targets`: what stands in the [[table]].
  std::string run(const std::string& targets, std::vector<std::string> command) {
    std::ofstream{file_} << fmt::format("[[table]]\nname = \"{}\"\n{}", table_, targets);
    command.insert(command.end(), {"--table", table_, "--config", file_.string()});
    const Finished finished =
        run_program(std::move(command), {{"DYNAMITE_URL", url()},
                                         {"DYNAMITE_SCHEMA", schema()},
                                         {"DYNAMITE_STATE_SCHEMA", state_schema()},
                                         {"AWS_ENDPOINT_URL", source_.endpoint()}});
    EXPECT_EQ(finished.status, 0) << finished.output << finished.errors;
    return finished.output + finished.errors;
  }
  std::string rows(const std::string& table, const std::string& columns) {
    return query(
        fmt::format("SELECT string_agg(concat_ws(' ', {}), '; ' ORDER BY pk) FROM {}.\"{}\"",
                    columns, schema(), table));
  }
  std::string targets_that_need_a_pass() {
    return query(fmt::format(
        "SELECT coalesce(string_agg(replica, ', '), '') FROM {}.status WHERE needs_pass",
        state_schema()));
  }

  LocalDynamoDb source_;
  std::string table_;
  std::filesystem::path file_;
};

TEST_F(TargetsTest, TwoTargetsAreKeptSideBySide) {
  const std::string both = std::string{kDocuments} + kColumns;
  EXPECT_THAT(run(both, {"bootstrap"}),
              AllOf(HasSubstr("created"), HasSubstr("\"documents\""), HasSubstr("\"wide\"")));

  run(both, {"replicate", "--once"});
  put(R"({"pk":{"S":"b"},"n":{"N":"2"}})");
  run(both, {"replicate", "--once"});

  EXPECT_EQ(rows("documents", "item"), R"({"n": 1, "pk": "a"}; {"n": 2, "pk": "b"})");
  EXPECT_EQ(rows("wide", "pk, n, secret"), "a 1 planted; b 2");
  run(both, {"compare"});
  EXPECT_THAT(run(both, {"bootstrap"}), HasSubstr("unchanged"));
}

TEST_F(TargetsTest, ATargetIsAddedToAReplicaThatIsThere) {
  const std::string one = "into = 'documents'\nomit = ['secret']\n";
  run(one, {"replicate", "--once"});
  const std::string both = std::string{kDocuments} + kColumns;

  EXPECT_THAT(run(both, {"replicate", "--once"}),
              HasSubstr("the configuration says another mapping than the catalogue"));
  EXPECT_THAT(run(both, {"bootstrap", "--dry-run"}),
              AllOf(HasSubstr("\"wide\" is added, its table is made"), HasSubstr("CREATE TABLE"),
                    HasSubstr("replica_target"), HasSubstr("mapping = mapping + 1")));
  EXPECT_EQ(targets_that_need_a_pass(), "");
  EXPECT_THAT(run(both, {"bootstrap"}),
              AllOf(HasSubstr("changed"), HasSubstr("\"wide\" is added, its table is made")));
  EXPECT_EQ(targets_that_need_a_pass(), schema() + ".wide");

  put(R"({"pk":{"S":"b"},"n":{"N":"2"}})");
  run(both, {"replicate", "--once"});

  EXPECT_EQ(targets_that_need_a_pass(), "");
  EXPECT_EQ(rows("wide", "pk, n, secret"), "a 1 planted; b 2");
  run(both, {"compare"});
}

TEST_F(TargetsTest, ATargetGoesOnlyWhenTheUserSaysSo) {
  const std::string both = std::string{kDocuments} + kColumns;
  run(both, {"replicate", "--once"});

  EXPECT_THAT(run(kDocuments, {"bootstrap"}),
              AllOf(HasSubstr("unchanged"), HasSubstr("\"wide\" is not configured any more"),
                    HasSubstr("--drop-targets")));
  put(R"({"pk":{"S":"b"},"n":{"N":"2"}})");
  run(kDocuments, {"replicate", "--once"});
  EXPECT_EQ(rows("wide", "pk"), "a; b");

  EXPECT_THAT(run(kDocuments, {"bootstrap", "--drop-targets", "--dry-run"}),
              AllOf(HasSubstr("\"wide\" is let go"), HasSubstr("DROP TABLE")));
  EXPECT_THAT(run(kDocuments, {"bootstrap", "--drop-targets"}),
              AllOf(HasSubstr("changed"), HasSubstr("\"wide\" is let go")));
  put(R"({"pk":{"S":"c"},"n":{"N":"3"}})");
  EXPECT_THAT(run(kDocuments, {"replicate", "--once"}), Not(HasSubstr("another mapping")));

  EXPECT_EQ(rows("wide", "pk"), "a; b");
  EXPECT_EQ(rows("documents", "pk"), "a; b; c");
}

TEST_F(TargetsTest, AnotherNameIsAnotherTarget) {
  run("into = 'old'\n", {"replicate", "--once"});

  EXPECT_THAT(run("into = 'new'\n", {"bootstrap", "--drop-targets"}),
              AllOf(HasSubstr("\"new\" is added"), HasSubstr("\"old\" is let go")));
  run("into = 'new'\n", {"replicate", "--once"});

  EXPECT_EQ(rows("new", "pk"), "a");
  EXPECT_EQ(query(fmt::format("SELECT string_agg(replica, ', ') FROM {}.status", state_schema())),
            schema() + ".new");
  run("into = 'new'\n", {"compare"});
}

}  // namespace
}  // namespace dynamite::test
