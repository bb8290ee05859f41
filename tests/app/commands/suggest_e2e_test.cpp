#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "app/commands/mapped_table.hpp"
#include "suggest/models.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SuggestTest : public MappedTableTest {
 protected:
  void put_all(const Sample& model) {
    make_table(model.key_schema());
    for (const std::string& item : model.images()) put(item);
  }

  /// What it says on standard output is the file.
  std::string suggest(std::vector<std::string> options = {}) {
    options.insert(options.begin(), "suggest");
    const Finished finished = finish_with("", std::move(options));
    EXPECT_EQ(finished.status, 0) << finished.errors;
    notes_ = finished.errors;
    return finished.output;
  }

  /// SQL of the keys in all targets.
  std::string keys_in_targets(const KeySchema& keys) {
    return query(fmt::format(
        R"(SELECT string_agg(format('SELECT "%s"::text AS p, "%s"::text AS s FROM %s', '{}', '{}', replica), ' UNION ALL ')
FROM {}.status)",
        keys.partition.name, keys.sort->name, state_schema()));
  }

  std::string notes_;
};

struct Model {
  const char* name;
  Sample (*make)();
  int targets;
};

class SuggestOfModel : public SuggestTest, public testing::WithParamInterface<Model> {};

TEST_P(SuggestOfModel, FeedsBootstrapUnchangedAndEachItemIsInOneTarget) {
  const Sample model = GetParam().make();
  put_all(model);

  const std::string config = suggest();
  printed(finish_with(config, {"bootstrap"}));
  printed(finish_with(config, {"replicate", "--once"}));

  const std::string in_targets = keys_in_targets(model.key_schema());
  EXPECT_EQ(
      query(fmt::format("SELECT format('%s %s', count(*), count(DISTINCT (p, s))) FROM ({}) k",
                        in_targets)),
      fmt::format("{0} {0}", model.images().size()));
  EXPECT_EQ(query(fmt::format("SELECT count(*) FROM {}.status", state_schema())),
            std::to_string(GetParam().targets));
  EXPECT_THAT(notes_, HasSubstr(fmt::format("items={}", model.images().size())));
  EXPECT_THAT(printed(finish_with(config, {"bootstrap"})), HasSubstr("unchanged"));
}

INSTANTIATE_TEST_SUITE_P(Models, SuggestOfModel,
                         testing::Values(Model{"Shop", shop, 4},
                                         Model{"OrderLines", order_lines, 2},
                                         Model{"Organizations", organizations, 2},
                                         Model{"Repositories", repositories, 6},
                                         Model{"Games", games, 3}, Model{"Reviews", reviews, 2}),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST_F(SuggestTest, LooksAtNoMoreItemsThanItIsTold) {
  put_all(shop());

  EXPECT_THAT(suggest({"--sample", "7"}),
              AllOf(HasSubstr("# 7 items sampled: exactly one target takes each\n[[table]]\n"),
                    HasSubstr(fmt::format("name = \"{}\"\n", table_)), Not(HasSubstr("of 8"))));
  EXPECT_THAT(notes_, HasSubstr("items=7"));
}

TEST_F(SuggestTest, OfAnEmptyTableIsSaid) {
  make_table(keys(KeyType::S));

  EXPECT_THAT(suggest(), HasSubstr("# 0 items sampled"));

  EXPECT_THAT(notes_, HasSubstr("no item was found"));
}

}  // namespace
}  // namespace dynamite::test
