#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "app/commands/mapped_table.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDocuments = "[[table.target]]\ninto = 'documents'\nomit = ['secret']\n";
constexpr const char* kColumns = "[[table.target]]\ninto = 'wide'\nlayout = 'columns'\n";

/// A source with one item, and targets that come and go.
class TargetsTest : public MappedTableTest {
 protected:
  void SetUp() override {
    MappedTableTest::SetUp();
    if (HasFatalFailure()) return;
    make_table(keys(KeyType::S));
    put(R"({"pk":{"S":"a"},"n":{"N":"1"},"secret":{"S":"planted"}})");
  }
};

TEST_F(TargetsTest, TwoTargetsAreKeptSideBySide) {
  const std::string both = std::string{kDocuments} + kColumns;
  EXPECT_THAT(run(both, {"bootstrap"}),
              AllOf(HasSubstr("created"), HasSubstr("\"documents\""), HasSubstr("\"wide\"")));

  EXPECT_THAT(run(both, {"replicate", "--once"}), HasSubstr("pass complete table=" + table_));
  put(R"({"pk":{"S":"b"},"n":{"N":"2"}})");
  run(both, {"replicate", "--once"});

  EXPECT_EQ(rows("documents", "item"), R"({"n": 1, "pk": "a"}; {"n": 2, "pk": "b"})");
  EXPECT_EQ(rows("wide", "pk, n, secret"), "a 1 planted; b 2");
  run(both, {"compare"});
  EXPECT_THAT(run(both, {"bootstrap"}), HasSubstr("unchanged"));
  EXPECT_THAT(run(both, {"status"}), AllOf(HasSubstr("into " + schema() + ".documents"),
                                           HasSubstr("into " + schema() + ".wide")));
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
