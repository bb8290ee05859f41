#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "app/commands/mapped_table.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class HistoryE2eTest : public MappedTableTest {
 protected:
  void SetUp() override {
    MappedTableTest::SetUp();
    if (!HasFatalFailure()) make_table(keys(KeyType::S));
  }
  /// Without what passes have found.
  std::string records() {
    return query(
        fmt::format("SELECT string_agg(concat_ws(' ', pk, change, item ->> 'n'), '; ' "
                    "ORDER BY pk, _version) FROM {}.noted_history WHERE change NOT IN "
                    "('scanned', 'swept')",
                    schema()));
  }
  std::string now() {
    return query(
        fmt::format("SELECT coalesce(string_agg(concat_ws(' ', pk, item ->> 'n'), '; ' "
                    "ORDER BY pk), '') FROM {}.noted_ranges WHERE valid_to IS NULL AND "
                    "item IS NOT NULL",
                    schema()));
  }
};

const std::string kPlain = "into = 'noted'\n";

TEST_F(HistoryE2eTest, TellsEachChangeAndWhatIsThere) {
  const std::string noting = kPlain + "layout = 'columns'\nhistory = true\nhistory_keep = '90d'\n";
  put(R"({"pk":{"S":"a"},"n":{"N":"1"}})");
  run(noting, {"bootstrap"});
  run(noting, {"replicate", "--once"});

  put(R"({"pk":{"S":"a"},"n":{"N":"2"}})");
  put(R"({"pk":{"S":"b"},"n":{"N":"7"}})");
  put(R"({"pk":{"S":"a"},"n":{"N":"3"}})");
  source_.api().delete_item(table_, R"({"pk":{"S":"a"}})");
  run(noting, {"replicate", "--once"});

  EXPECT_EQ(records(), "a put 1; a put 2; a put 3; a removed; b put 7");
  EXPECT_EQ(now(), "b 7");
  run(noting, {"snapshot"});
  EXPECT_EQ(now(), "b 7");
  run(noting, {"compare"});
}

TEST_F(HistoryE2eTest, BeginsAndEndsByBootstrap) {
  const std::string noting = kPlain + "history = true\n";
  put(R"({"pk":{"S":"a"},"n":{"N":"1"}})");
  run(kPlain, {"bootstrap"});
  run(kPlain, {"replicate", "--once"});

  EXPECT_THAT(run(noting, {"bootstrap", "--dry-run"}),
              AllOf(HasSubstr("CREATE TABLE IF NOT EXISTS"), HasSubstr("VIEW")));
  EXPECT_THAT(run(noting, {"bootstrap"}),
              AllOf(HasSubstr("changed"), HasSubstr("notes each change from now on")));
  EXPECT_EQ(targets_that_need_a_pass(), "");
  EXPECT_EQ(now(), "");
  run(noting, {"snapshot"});
  EXPECT_EQ(now(), "a 1");

  EXPECT_THAT(run(kPlain, {"bootstrap"}), HasSubstr("stays with what it says"));
  put(R"({"pk":{"S":"a"},"n":{"N":"2"}})");
  run(kPlain, {"replicate", "--once"});
  EXPECT_EQ(now(), "a 1");
  run(noting, {"bootstrap"});
  run(noting, {"snapshot"});
  EXPECT_EQ(now(), "a 2");
}

}  // namespace
}  // namespace dynamite::test
