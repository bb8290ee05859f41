#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ingest/fixture.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/change/targets_change.hpp"
#include "replica/history/history_table.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/pass.hpp"
#include "support/errors.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// The item `a` of a kind.
std::string a(const std::string& kind) {
  return fmt::format(R"({{"pk":{{"S":"a"}},"kind":{{"S":"{}"}}}})", kind);
}

/// A replica with a target that takes kind x, until its clause changes. Records are delivered as to
/// Lambda; what is read back of the item `a` is `item_`.
class LateRecordsTest : public IngestTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    connection.emplace(connect());
    make({"kind = 'x'"});
  }

  /// Makes `orders` with a target for each clause.
  void make(const std::vector<std::string>& clauses) {
    Replica wanted = wanted_replica(keys(KeyType::S), fmt::format("orders_{}", made_++));
    wanted.targets.clear();
    for (const std::string& where : clauses)
      wanted.targets.push_back(new_target(state_schema(), schema(),
                                          fmt::format("orders_{}_{}", made_, wanted.targets.size()),
                                          keys(KeyType::S), {.rules = {.where = where}}));
    orders = make_replica(wanted);
  }

  void change_clause(const std::string& where) { change_rules({.where = where}); }

  void change_rules(const MappingRules& rules) {
    const Target& target = orders.targets.front();
    const auto change = plan_rules(target, keys(KeyType::S), rules,
                                   find_columns(*connection, target), RetiredColumns::keep);
    ASSERT_TRUE(try_change(*connection, orders, {change.value()}));
    orders = Catalogue{*connection, state_schema()}.find(orders.source->arn).value();
  }

  void add_target() {
    const Target added = new_target(state_schema(), schema(), "added", keys(KeyType::S), {});
    ASSERT_TRUE(try_change(*connection, orders,
                           plan_added_targets(*connection, orders, std::vector{added}, {})));
    orders = Catalogue{*connection, state_schema()}.find(orders.source->arn).value();
  }

  Ingest ingest() {
    IngestOptions reading = options();
    reading.read_back = [this](const Batch& batch, const std::stop_token&) {
      ++read_back_;
      Batch now;
      now.table = batch.table;
      for (Change change : batch.changes) {
        change.kind = item_ ? ChangeKind::put : ChangeKind::remove;
        change.image = item_ ? now.keep(*item_) : std::string_view{};
        change.old_image.reset();
        now.changes.push_back(change);
      }
      now.recorded.emplace(batch.changes.begin(), batch.changes.end());
      return now;
    };
    return Ingest{reading};
  }

  /// Of an image of `a`; empty: a remove. Made before every change of a test.
  RecordText record(std::uint64_t number, const std::string& image, const std::string& old_image) {
    RecordText text;
    text.name = image.empty() ? R"("REMOVE")" : old_image.empty() ? R"("INSERT")" : R"("MODIFY")";
    text.arn = "\"" + orders.source->arn + "/stream/2026-01-15T12:00:00.123\"";
    text.new_image = image;
    text.old_image = old_image;
    text.sequence_number = fmt::format("\"{}\"", number);
    return text;
  }

  static std::string event(const RecordText& record) { return event_of({record.json()}); }

  std::string seconds_from_now(std::chrono::seconds offset) {
    const auto time = std::chrono::system_clock::now() + offset;
    return std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
  }

  /// A pass that finds `item_`.
  void end_pass_of_item(std::int32_t epoch) {
    if (item_) apply({scanned_item(*item_)}, {.writer = ByPass{epoch}});
    end_pass(epoch);
  }

  /// The kind of the row of `a` in each target; "" where there is none.
  std::vector<std::string> kinds() {
    std::vector<std::string> kinds;
    for (const Target& target : orders.targets)
      kinds.push_back(query("SELECT item->>'kind' FROM " + target.qualified_name()));
    return kinds;
  }

  std::optional<std::string> item_;
  int read_back_ = 0;

 private:
  int made_ = 0;
};

// Put 1 only the new clause takes, and put 2 neither: to the target, put 2 is nothing.
TEST_F(LateRecordsTest, ReadBackOfRecordsMadeBeforeAChangeOfTheClause) {
  Ingest lambda = ingest();
  const std::string put_1 = event(record(1, a("y"), ""));
  handle(lambda, put_1);
  handle(lambda, event(record(2, a("z"), a("y"))));
  item_ = a("z");
  change_clause("kind = 'y'");
  const std::int32_t pass = start_pass();

  handle(lambda, put_1);

  end_pass_of_item(pass);
  EXPECT_THAT(kinds(), ElementsAre(""));
  EXPECT_EQ(read_back_, 1);
}

// The history does not know remove 2. Put 1, noted as it is, would be the end of it.
TEST_F(LateRecordsTest, ReadBackOfRecordsMadeBeforeAHistoryWasSwitchedOn) {
  make({""});
  Ingest lambda = ingest();
  const std::string put_1 = event(record(1, a("x"), ""));
  handle(lambda, put_1);
  handle(lambda, event(record(2, "", a("x"))));
  change_rules({.history = true});
  end_pass(start_pass());

  handle(lambda, put_1);

  const HistoryTable history = history_of(orders.targets.front());
  EXPECT_EQ(query(fmt::format("SELECT change, item->>'kind' FROM {} ORDER BY _version",
                              history.qualified_name())),
            "put|x\nswept|NULL");
  EXPECT_EQ(read_back_, 1);
}

TEST_F(LateRecordsTest, ReadBackOfRecordsMadeBeforeATargetCame) {
  Ingest lambda = ingest();
  const std::string put_1 = event(record(1, a("x"), ""));
  handle(lambda, put_1);
  handle(lambda, event(record(2, "", a("x"))));
  add_target();
  const std::int32_t pass = start_pass();

  handle(lambda, put_1);

  end_pass_of_item(pass);
  EXPECT_THAT(kinds(), ElementsAre("", ""));
  EXPECT_EQ(read_back_, 1);
}

TEST_F(LateRecordsTest, ForEveryTargetOfTheTable) {
  make({"kind = 'x'", ""});
  Ingest lambda = ingest();
  change_clause("kind = 'y'");
  item_ = a("y");

  handle(lambda, event(record(1, a("x"), "")));

  EXPECT_THAT(kinds(), ElementsAre("y", "y"));
}

TEST_F(LateRecordsTest, ARecordThatIsNewerThanTheChangeAndItsMarginIsAppliedAsItCame) {
  Ingest lambda = ingest();
  change_clause("kind = 'y'");
  RecordText newer = record(1, a("y"), "");
  newer.time = seconds_from_now(310s);

  handle(lambda, event(newer));

  EXPECT_THAT(kinds(), ElementsAre("y"));
  EXPECT_EQ(read_back_, 0);
}

TEST_F(LateRecordsTest, ARecordWithoutTimeIsReadBack) {
  Ingest lambda = ingest();
  change_clause("kind = 'y'");
  RecordText without = record(1, a("y"), "");
  without.time = "";

  handle(lambda, event(without));

  EXPECT_THAT(kinds(), ElementsAre(""));
  EXPECT_EQ(read_back_, 1);
}

TEST_F(LateRecordsTest, AnotherFormOfTheTargetMakesNoRecordLate) {
  const Target& target = orders.targets.front();
  MappingRules rules = target.mapping.rules;
  rules.omit = {"secret"};
  const auto change = plan_rules(target, keys(KeyType::S), rules, find_columns(*connection, target),
                                 RetiredColumns::keep);
  ASSERT_TRUE(try_change(*connection, orders, {change.value()}));
  Ingest lambda = ingest();

  handle(lambda, event(record(1, a("x"), "")));

  EXPECT_THAT(kinds(), ElementsAre("x"));
  EXPECT_EQ(read_back_, 0);
}

TEST_F(LateRecordsTest, WhoCannotReadBackIsToldWhy) {
  IngestOptions reading = options();
  reading.read_back = [](const Batch&, const std::stop_token&) -> Batch {
    throw Error{Error::Kind::usage, "AccessDeniedException", "allow the action"};
  };
  Ingest lambda{reading};
  Ingest without{options()};
  change_clause("kind = 'y'");
  const std::string late = event(record(1, a("y"), ""));
  const std::string why =
      "usage: records that were made before the targets of their table changed are read back: ";

  EXPECT_EQ(failure_of([&] { handle(lambda, late); }), why + "AccessDeniedException");
  EXPECT_EQ(failure_of([&] { handle(without, late); }),
            why + "nothing here reads items of DynamoDB");
  EXPECT_THAT(kinds(), ElementsAre(""));
}

}  // namespace
}  // namespace dynamite::test
