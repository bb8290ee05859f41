#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "replica/change/promotion_fixture.hpp"
#include "replica/change/rules_change.hpp"
#include "replica/state/existing_table.hpp"
#include "replica/state/locks.hpp"
#include "replica/state/pass.hpp"
#include "support/interleaving.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;

/// What is written while the mapping changes, and what must stand there at the end. Before it, k1
/// has a row of version 1, and pass 1 runs.
struct Write {
  const char* name;
  TestChange change;
  std::vector<std::string> items;  ///< at the end
  const char* versions;            ///< of the rows at the end
  const char* tombstones;          ///< with their epochs
  bool by_copy = false;

  bool is_of_the_row() const { return change.image.find("k1") != std::string::npos; }
};

/// How the mapping changes.
struct Changing {
  const char* name;
  std::optional<MappingRules> rules;  ///< absent: by a promotion
};

/// A transaction of another connection, held before its commit.
class InFlight {
 public:
  InFlight(const ReplicaTest& test, const std::vector<std::string>& statements)
      : connection_{test.connect()}, transaction_{std::in_place, connection_} {
    for (const std::string& sql : statements) transaction_->run(sql);
  }

  void commit() { transaction_->commit(); }
  void roll_back() { transaction_.reset(); }

 private:
  pg::Connection connection_;
  std::optional<pg::Transaction> transaction_;
};

std::vector<Write> writes() {
  return {
      {"Put", put("k1", 2), {item("k1", "2")}, "k1|2", ""},
      {"PutOfANewKey", put("k2", 2), {item("k1", "1"), item("k2", "2")}, "k1|1\nk2|2", ""},
      {"RemoveOfARow", removal("k1", 2), {}, "", "k1|2|1"},
      {"RemoveOfNone", removal("k2", 2), {item("k1", "1")}, "k1|1", "k2|2|1"},
      {"ScannedPut", scanned("k1", "s"), {item("k1", "s")}, "k1|1", ""},
      {"ScannedPutOfANewKey",
       scanned("k2", "s"),
       {item("k1", "1"), item("k2", "s")},
       "k1|1\nk2|0",
       ""},
      {"CopiedPut", scanned("k2", "s"), {item("k1", "1"), item("k2", "s")}, "k1|1\nk2|0", "", true},
      {"CopiedPutThatMeetsARow", scanned("k1", "s"), {item("k1", "s")}, "k1|1", "", true},
  };
}

std::vector<Changing> changes() {
  const AttributeColumn whole{
      .name = "v", .type = ColumnType::text, .from = AttributePath::of("v")};
  const AttributeColumn converted{
      .name = "v", .type = ColumnType::bigint, .from = AttributePath::of("v")};
  return {
      {"Promotion", std::nullopt},
      {"DeclaredColumn", MappingRules{.layout = LayoutKind::columns, .declared = {whole}}},
      {"ConvertingColumn", MappingRules{.layout = LayoutKind::columns, .declared = {converted}}},
      {"Omit", MappingRules{.layout = LayoutKind::columns, .omit = {"v"}}},
      {"OtherLayout", MappingRules{}}};
}

class ChangeInterleavingTest : public PromotionTest {
 protected:
  void SetUp() override {
    PromotionTest::SetUp();
    if (HasFatalFailure()) return;
    put_items({item("k1", "1")});
    start_pass();
  }

  std::vector<TargetChange> plan(const Changing& how) {
    if (!how.rules) return plan_promotion(*connection, orders);
    const Target& target = orders.targets.front();
    return {plan_rules(target, orders.source->key_schema, *how.rules,
                       find_columns(*connection, target), RetiredColumns::keep)
                .value()};
  }

  std::vector<std::string> change_sql_of(const Changing& how) {
    return change_sql(orders, plan(how));
  }

  static Fence fence_of(const TestChange& change) {
    return change.kind == ChangeKind::scanned ? Fence{.writer = ByPass{1}} : Fence{};
  }
  /// Held before its commit until `gate` opens.
  static Applying held(ChangeInterleavingTest& test, const Write& write) {
    return {test, {write.change}, fence_of(write.change), CommitGate::checkpoint(), write.by_copy};
  }
  void write_again(const Write& write) {
    Applying{*this, {write.change}, fence_of(write.change), {}, write.by_copy}.finish();
  }

  /// Values move, and a pass is made if one is needed. Then the rows are those that appliers write
  /// who have never known another mapping.
  void expect_end(const Write& write) {
    load();
    promote();
    if (Passes{*connection, orders}.state().needs_pass()) {
      std::vector<TestChange> page;
      for (const std::string& one : write.items) page.push_back(scanned_item(one));
      const std::int32_t epoch = start_pass();
      apply_scanned(epoch, page);
      end_pass(epoch);
    }
    EXPECT_EQ(query("SELECT pk, _version FROM orders ORDER BY pk"), write.versions);
    EXPECT_EQ(tombstones(), write.tombstones);
    expect_contents_of(write.items);
    apply({put("k1", 1, "late")});  // a repeat changes nothing
    EXPECT_EQ(query("SELECT pk, _version FROM orders ORDER BY pk"), write.versions);
  }

  void expect_contents_of(const std::vector<std::string>& items) {
    constexpr const char* kBookkeeping = "{_version, _epoch, mod_time, create_time}";
    Replica wanted = wanted_replica(keys(KeyType::S), "fresh");
    wanted.targets = {new_target(state_schema(), schema(), "fresh", keys(KeyType::S),
                                 orders.targets.front().mapping)};
    const Replica fresh = make_replica(wanted);
    std::vector<TestChange> puts;
    for (const std::string& one : items) puts.push_back(put_item(one, 1));
    Applier{*connection, {}}.apply({.table = fresh, .batch = batch_of(fresh, puts)});
    EXPECT_EQ(contents(kBookkeeping),
              query(fmt::format("SELECT to_jsonb(t) - '{}'::text[] FROM fresh t ORDER BY pk",
                                kBookkeeping)));
  }
};

class MappingChangesWhileWritten : public ChangeInterleavingTest,
                                   public testing::WithParamInterface<std::tuple<Changing, Write>> {
 protected:
  const Changing& how() const { return std::get<0>(GetParam()); }
  const Write& write() const { return std::get<1>(GetParam()); }
};

TEST_P(MappingChangesWhileWritten, TheWriteIsFirst) {
  CommitGate gate{*this};
  Applying writing = held(*this, write());
  writing.wait_until_blocked();

  EXPECT_FALSE(try_change(*connection, orders, plan(how())));

  gate.open();
  writing.finish();
  EXPECT_TRUE(try_change(*connection, orders, plan(how())));
  expect_end(write());
}

TEST_P(MappingChangesWhileWritten, TheChangeIsFirstAndRefusesRowsOfTheOldMapping) {
  InFlight change{*this, change_sql_of(how())};
  Applying writing{*this, {write().change}, fence_of(write().change), {}, write().by_copy};
  writing.wait_until_blocked();

  change.commit();

  const Error error = error_of([&] { writing.finish(); });
  EXPECT_EQ(error.kind(), Error::Kind::fenced);
  EXPECT_THAT(error.what(), HasSubstr("DY007"));
  EXPECT_EQ(query("SELECT pk, _version FROM orders"), "k1|1");
  load();
  write_again(write());
  expect_end(write());
}

TEST_P(MappingChangesWhileWritten, TheChangeIsRolledBackAndTheWriteGoesOn) {
  InFlight change{*this, change_sql_of(how())};
  Applying writing{*this, {write().change}, fence_of(write().change), {}, write().by_copy};
  writing.wait_until_blocked();

  change.roll_back();

  writing.finish();
  expect_end(write());
}

std::string name_of_pair(const testing::TestParamInfo<std::tuple<Changing, Write>>& info) {
  return fmt::format("{}Beside{}", std::get<0>(info.param).name, std::get<1>(info.param).name);
}

INSTANTIATE_TEST_SUITE_P(, MappingChangesWhileWritten,
                         testing::Combine(testing::ValuesIn(changes()),
                                          testing::ValuesIn(writes())),
                         name_of_pair);

/// The column is there, its values are not moved yet.
class ValueMoveTest : public ChangeInterleavingTest {
 protected:
  void SetUp() override {
    ChangeInterleavingTest::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(try_change(*connection, orders, plan_promotion(*connection, orders)));
    load();
    ASSERT_EQ(attribute_columns(), "v text filling");
  }

  std::string lock_sql() const {
    const LockKeys lock = lock_keys(orders);
    return fmt::format("SELECT pg_advisory_xact_lock_shared({}, {})", lock.transaction_class,
                       lock.replica);
  }
  /// A transaction of the move.
  std::vector<std::string> move_sql() const {
    return {lock_sql(), move_values_sql(orders.targets.front(), "true")};
  }
};

class ValuesMoveWhileWritten : public ValueMoveTest, public testing::WithParamInterface<Write> {};

TEST_P(ValuesMoveWhileWritten, TheWriteHoldsItsRow) {
  CommitGate gate{*this};
  Applying writing = held(*this, GetParam());
  writing.wait_until_blocked();
  pg::Connection other = connect();
  Promotion promotion{orders};

  promotion.step(other);  // does not wait

  gate.open();
  writing.finish();
  expect_end(GetParam());
}

TEST_P(ValuesMoveWhileWritten, TheMoveHoldsTheRows) {
  InFlight move{*this, move_sql()};
  Applying writing{*this, {GetParam().change}, fence_of(GetParam().change), {}, GetParam().by_copy};

  if (GetParam().is_of_the_row()) writing.wait_until_blocked();
  move.commit();

  writing.finish();
  expect_end(GetParam());
}

TEST_P(ValuesMoveWhileWritten, TheMoveBeganBeforeTheWriteAndGoesOnBehindIt) {
  StatementGate gate{*this, "UPDATE", "orders"};
  pg::Connection other = connect(StatementGate::kGatedName);
  Promotion promotion{orders};
  auto move = std::async(std::launch::async, [&] { promotion.step(other); });
  wait_until_blocked(other.backend_pid());
  const Fence fence = fence_of(GetParam().change);
  apply({GetParam().change}, fence);

  gate.open();
  move.get();

  expect_end(GetParam());
}

INSTANTIATE_TEST_SUITE_P(, ValuesMoveWhileWritten, testing::ValuesIn(writes()),
                         [](const auto& info) { return info.param.name; });

// The batch holds x and wants z. The rows are stored, and met, the other way round.
TEST_F(ValueMoveTest, DoesNotWaitForAnApplierAndSoNoneIsEndedByADeadlock) {
  query(
      "INSERT INTO orders (pk, _rest, mod_time, create_time, _version, _epoch) "
      "SELECT k, '{\"v\": \"1\"}', now(), now(), 1, 0 FROM unnest('{z, y, x}'::text[]) k");
  pg::Connection other = connect();
  pg::Transaction applying{other};
  applying.run(lock_sql());
  applying.run("UPDATE orders SET _epoch = _epoch WHERE pk = 'x'");
  Promotion promotion{orders};

  EXPECT_EQ(promotion.step(*connection), PromotionStep::moved);

  EXPECT_EQ(query("SELECT pk FROM orders WHERE v IS NULL"), "x");
  applying.run("UPDATE orders SET _epoch = _epoch WHERE pk = 'z'");
  EXPECT_EQ(promotion.step(*connection), PromotionStep::busy);  // x is still to be moved
  applying.commit();
  promote();
  EXPECT_EQ(query("SELECT count(*) FROM orders WHERE v = '1' AND _rest IS NULL"), "4");
}

// A sweep makes no rows: it needs no mapping number, and goes on behind a change.
class MappingChangesWhileSwept : public ChangeInterleavingTest,
                                 public testing::WithParamInterface<Changing> {
 protected:
  static Write nothing_left() { return {"Sweep", removal("k1", 0), {}, "", "k1|1|1"}; }
};

TEST_P(MappingChangesWhileSwept, TheSweepIsFirst) {
  Passes{*connection, orders}.begin_sweep(1, {});
  StatementGate gate{*this, "DELETE", "orders"};
  pg::Connection other = connect(StatementGate::kGatedName);
  auto swept = std::async(std::launch::async, [&, table = orders] {
    return Passes{other, table}.sweep(1, {}, {});
  });
  wait_until_blocked(other.backend_pid());

  EXPECT_FALSE(try_change(*connection, orders, plan(GetParam())));

  gate.open();
  EXPECT_EQ(swept.get().deleted, 1U);
  EXPECT_TRUE(try_change(*connection, orders, plan(GetParam())));
  expect_end(nothing_left());
}

TEST_P(MappingChangesWhileSwept, TheChangeIsFirst) {
  Passes{*connection, orders}.begin_sweep(1, {});
  InFlight change{*this, change_sql_of(GetParam())};
  pg::Connection other = connect();
  auto swept = std::async(std::launch::async, [&, table = orders] {
    return Passes{other, table}.sweep(1, {}, {});
  });
  wait_until_blocked(other.backend_pid());

  change.commit();

  EXPECT_EQ(swept.get().deleted, 1U);
  expect_end(nothing_left());
}

TEST_P(MappingChangesWhileSwept, TheChangeIsFirstAndTheSweepBeginsBehindIt) {
  InFlight change{*this, change_sql_of(GetParam())};
  pg::Connection other = connect();
  auto begun = std::async(std::launch::async, [&, table = orders] {
    Passes{other, table}.begin_sweep(1, {});
  });
  wait_until_blocked(other.backend_pid());

  change.commit();

  begun.get();
  load();
  EXPECT_EQ(Passes(*connection, orders).sweep(1, {}, {}).deleted, 1U);
  expect_end(nothing_left());
}

INSTANTIATE_TEST_SUITE_P(, MappingChangesWhileSwept, testing::ValuesIn(changes()),
                         [](const auto& info) { return info.param.name; });

TEST_F(ValueMoveTest, ASweepDeletesTheRowsThatAMoveHeld) {
  Passes{*connection, orders}.begin_sweep(1, {});
  InFlight move{*this, move_sql()};
  pg::Connection sweeping = connect();
  auto swept = std::async(std::launch::async, [&, table = orders] {
    return Passes{sweeping, table}.sweep(1, {}, {});
  });
  wait_until_blocked(sweeping.backend_pid());

  move.commit();

  EXPECT_EQ(swept.get().deleted, 1U);
  expect_end({"Sweep", removal("k1", 0), {}, "", "k1|1|1"});
}

TEST_F(ValueMoveTest, AMovePassesOverTheRowsThatASweepHolds) {
  Passes{*connection, orders}.begin_sweep(1, {});
  StatementGate gate{*this, "DELETE", "orders"};
  pg::Connection other = connect(StatementGate::kGatedName);
  auto swept = std::async(std::launch::async, [&, table = orders] {
    return Passes{other, table}.sweep(1, {}, {});
  });
  wait_until_blocked(other.backend_pid());
  Promotion promotion{orders};

  EXPECT_EQ(promotion.step(*connection), PromotionStep::moved);  // the row is not held yet

  gate.open();
  EXPECT_EQ(swept.get().deleted, 1U);
  expect_end({"Sweep", removal("k1", 0), {}, "", "k1|1|1"});
}

}  // namespace
}  // namespace dynamite::test
