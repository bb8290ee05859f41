#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/commands/replicate_fixture.hpp"
#include "decode/records_page.hpp"
#include "pg/connection.hpp"
#include "support/targets_reader.hpp"

namespace dynamite::test {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::Not;

bool is_of_kind_a(std::string_view item) {
  return item.find(R"("kind":{"S":"a"})") != std::string_view::npos;
}

/// What the history of a target of all items says a record did.
std::string what_became(const Change& change) {
  return change.kind == ChangeKind::remove ? "removed" : "put";
}

/// What the history of the target of kind a says a record did; empty: it is nothing to the target.
std::string what_became_of_kind_a(const Change& change) {
  if (change.kind == ChangeKind::put && is_of_kind_a(change.image)) return "put";
  // Where two deletes of an item meet, DynamoDB Local has a record of each, the second without
  // image.
  const bool may_have_been = !change.old_image || is_of_kind_a(*change.old_image);
  if (!may_have_been) return "";
  return change.kind == ChangeKind::remove ? "removed" : "left";
}

/// A single-table design: items move between the first three targets, the next two share them by
/// key, and the last, a document each, takes all. The first and the last have a history.
class SingleTableTest : public ReplicateTest {
 protected:
  void SetUp() override {
    ReplicateTest::SetUp();
    if (HasFatalFailure()) return;
    table_ = make_table({{"pk", KeyType::S}, KeyAttribute{"sk", KeyType::N}});
    std::string config = fmt::format("[[table]]\nname = '{}'\n", table_.name);
    for (const char* target :
         {"where = \"kind = 'a'\"\nlayout = 'columns'\nhistory = true",
          "where = \"kind = 'b'\"\nlayout = 'columns'", "where = \"NOT kind IN ['a', 'b']\"",
          "where = 'sk < 1'\nlayout = 'columns'", "where = 'sk >= 1'", "history = true"}) {
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
    const pg::Result keys = run_sql(
        fmt::format("SELECT string_agg(pk || ' ' || sk, ',' ORDER BY pk, sk) FROM {} WHERE {}",
                    targets_[target], where));
    return std::string{keys.at(0, 0)};
  }

  /// The records that the history of a target has, as `records_of_stream`.
  std::vector<std::string> records_noted(std::size_t target) const {
    const pg::Result rows =
        run_sql(fmt::format("SELECT mod(_version, 1e40) || ' ' || change FROM {}.split_{}_history "
                            "WHERE change NOT IN ('scanned', 'swept') ORDER BY _version",
                            environment_.at("DYNAMITE_SCHEMA"), target));
    std::vector<std::string> records;
    for (int row = 0; row < rows.rows(); ++row) records.emplace_back(rows.at(row, 0));
    EXPECT_THAT(records, Not(IsEmpty()));
    return records;
  }

  /// The records of the table's stream, in the order of their sequence numbers: each one's number
  /// and what it did.
  std::vector<std::string> records_of_stream(std::string (*what)(const Change&)) {
    std::map<Version, std::string> did;
    read_stream([&](const Change& change) {
      if (std::string word = what(change); !word.empty()) did[change.version] = std::move(word);
    });
    std::vector<std::string> records;
    for (const auto& [version, word] : did)
      records.push_back(fmt::format("{} {}", version.sequence_number(), word));
    return records;
  }

 private:
  pg::Result run_sql(const std::string& sql) const {
    pg::Connection connection = pg::Connection::open(
        {.conninfo = environment_.at("DYNAMITE_URL"), .application_name = "test"});
    return connection.run(sql);
  }

  /// All records that the stream has; nobody writes meanwhile.
  void read_stream(const std::function<void(const Change&)>& each) {
    const std::string arn = source_.api().describe_table(table_.name).latest_stream_arn;
    const auto source =
        std::make_shared<const SourceTable>(SourceTable{.arn = arn, .key_schema = table_.keys});
    for (const ShardDescription& shard : source_.api().describe_stream(arn).shards) {
      std::optional<std::string> iterator =
          source_.api().shard_iterator({.stream_arn = arn, .shard_id = shard.id});
      while (iterator) {
        RecordsPage page =
            decode_records_page(source_.api().get_records(*iterator, 1'000), source, 0);
        ASSERT_TRUE(page.batch.rejected.empty());
        if (page.batch.changes.empty()) break;
        for (const Change& change : page.batch.changes) each(change);
        iterator = std::move(page.next_iterator);
      }
    }
  }

 protected:
  Writer::Table table_;
  std::vector<std::string> targets_;  // quoted
};

TEST_F(SingleTableTest, KilledAtRandomMomentsEachItemStaysInOneTargetAndEachRecordIsNotedOnce) {
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
  EXPECT_THAT(records_noted(5), ElementsAreArray(records_of_stream(what_became)));
  EXPECT_THAT(records_noted(0), ElementsAreArray(records_of_stream(what_became_of_kind_a)));
}

}  // namespace
}  // namespace dynamite::test
