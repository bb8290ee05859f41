#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "replica/history.hpp"
#include "replica/history/history_table.hpp"
#include "support/natural_json.hpp"
#include "support/noted_history.hpp"

namespace dynamite::test {
namespace {

/// Random histories of a source, as the histories of its targets tell them.
class NotedHistoryTest : public ReplicaTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (HasFatalFailure()) return;
    Replica wanted = wanted_replica(keys(KeyType::S), "noted");
    wanted.targets.clear();
    for (MappingRules rules : kRules) {
      rules.history = true;
      wanted.targets.push_back(new_target(state_schema(), schema(),
                                          fmt::format("noted_{}", wanted.targets.size()),
                                          keys(KeyType::S), {.rules = rules}));
    }
    noted_ = make_replica(wanted);
    for (std::size_t i = 0; i < kAppliers; ++i) connections_.push_back(connect());
  }

  void expect_records(const SourceModel& source) {
    for (const Target& target : noted_.targets)
      ASSERT_EQ(found_records(target), expected_records(source, target))
          << target.mapping.rules.where;
  }

  void expect_items(const SourceModel& source) {
    for (const Target& target : noted_.targets) {
      const pg::Result rows =
          run(fmt::format("SELECT item, _types FROM {} WHERE valid_to IS NULL AND item IS NOT NULL",
                          history_of(target).ranges_name()));
      std::vector<std::string> items;
      for (int row = 0; row < rows.rows(); ++row)
        items.push_back(dynamodb_json_of(rows.at(row, 0), rows.text(row, 1).value_or("")));
      std::ranges::sort(items);
      ASSERT_EQ(items, source.items(clause_of(target.mapping.rules.where)))
          << target.mapping.rules.where;
    }
  }

  void expect_ranges() {
    for (const Target& target : noted_.targets)
      ASSERT_EQ(overlapping_ranges(connections_.front(), history_of(target)), 0);
  }

  /// A pass over a source at rest.
  void pass_again(const SourceModel& source) {
    Passes passes{connections_.front(), noted_};
    const std::int32_t epoch = passes.start({.segments = 1}, {});
    const Batch batch = batch_of(noted_, source.scan(0, source.key_count()));
    Applier{connections_.front(), {}}.apply(
        {.table = noted_, .batch = batch, .fence = {.writer = ByPass{epoch}}});
    passes.begin_sweep(epoch, {});
    passes.sweep(epoch, {}, {});
  }

  std::int64_t rows_of_histories() {
    std::int64_t rows = 0;
    for (const Target& target : noted_.targets)
      rows += run("SELECT count(*) FROM " + history_of(target).qualified_name()).number(0, 0);
    return rows;
  }

  void empty() {
    for (const Target& target : noted_.targets)
      for (const std::string& table :
           {target.qualified_name(), target.tombstones, history_of(target).qualified_name()})
        run("DELETE FROM " + table);
    run(fmt::format("UPDATE {}.replica SET pass = 'none'", state_schema()));
  }

  pg::Result run(const std::string& sql) { return connections_.front().run(sql); }

  Replica noted_;
  std::deque<pg::Connection> connections_;

 private:
  static std::vector<std::string> expected_records(const SourceModel& source,
                                                   const Target& target) {
    const auto where = clause_of(target.mapping.rules.where);
    std::map<Version, std::string> records;
    for (const TestChange& record : source.handed()) {
      const std::string_view word = word_for({.image = record.image,
                                              .old_image = record.old_image,
                                              .is_put = record.kind == ChangeKind::put,
                                              .is_expiry = record.removal == Removal::expired},
                                             where);
      if (word.empty()) continue;
      const Version version{record.generation, record.sequence_number};
      records[version] = fmt::format(
          "{} {} {}", version.digits(), word,
          word == "put" ? canonical_dynamodb_json(record.image) : std::string{"nothing"});
    }
    std::vector<std::string> lines;
    for (const auto& [version, line] : records) lines.push_back(line);
    return lines;
  }

  std::vector<std::string> found_records(const Target& target) {
    std::map<Version, std::string> records;
    for (const NotedRow& row : noted_rows(connections_.front(), history_of(target)))
      if (row.is_of_record)
        records[row.record] =
            fmt::format("{} {} {}", row.record.digits(), row.change, row.item.value_or("nothing"));
    std::vector<std::string> lines;
    for (const auto& [version, line] : records) lines.push_back(line);
    return lines;
  }

  const std::vector<MappingRules> kRules{
      {},
      {.layout = LayoutKind::columns},
      {.where = "kind = 'x'"},
      {.layout = LayoutKind::columns, .where = "kind <> 'x'", .keep_removed = true},
      {.keep_expired = true}};
};

// Repeat a failure with DYNAMITE_TEST_SEED=… DYNAMITE_TEST_SEEDS=1.
TEST_P(NotedHistoryTest, HasEachRecordOnceAndEndsWithTheItems) {
  const std::uint64_t first = from_environment("DYNAMITE_TEST_SEED", 0);
  const std::uint64_t count = from_environment("DYNAMITE_TEST_SEEDS", 200);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    History history{
        seed, noted_, connections_, {.old_images = GetParam(), .kinds = true, .expiries = true}};

    ASSERT_NO_THROW(history.run());

    ASSERT_NO_FATAL_FAILURE(expect_records(history.source()));
    ASSERT_NO_FATAL_FAILURE(expect_items(history.source()));
    ASSERT_NO_FATAL_FAILURE(expect_ranges());
    const std::int64_t rows = rows_of_histories();
    history.repeat_everything();
    ASSERT_EQ(rows_of_histories(), rows) << "after repeats";
    pass_again(history.source());
    ASSERT_EQ(rows_of_histories(), rows) << "after a pass that finds nothing new";
    ASSERT_NO_FATAL_FAILURE(expect_items(history.source()));
    empty();
  }
}

INSTANTIATE_TEST_SUITE_P(OldImages, NotedHistoryTest, ::testing::Bool());

}  // namespace
}  // namespace dynamite::test
