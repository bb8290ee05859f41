#include "replica/apply/statements.hpp"

#include <gmock/gmock.h>

#include "json/item_key.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const KeySchema kKeys{{"pk", KeyType::S}, {}};

Replica two_targets() {
  const auto target = [](const char* table) {
    return new_target("dynamite", "public", table, kKeys);
  };
  return {.id = 7,
          .source = std::make_shared<const SourceTable>(SourceTable{"arn", kKeys}),
          .state_schema = "dynamite",
          .mapping = 3,
          .targets = {target("orders"), target("orders_second")}};
}

/// Changes of the keys a and b: what is put and what is removed.
class StatementsTest : public testing::Test {
 protected:
  Change change(ChangeKind kind, const std::string& item, std::uint64_t number) {
    std::string key;
    append_canonical_key(key, item, kKeys);
    const std::string_view image = batch_.keep(item);
    return {.key = batch_.keep(key),
            .image = kind == ChangeKind::remove ? std::string_view{} : image,
            .record = image,
            .version = Version{1, std::to_string(number)},
            .kind = kind};
  }

  Statements statements(const ApplyRequest& request) { return {sql_, request, options_}; }
  ApplyRequest request(Fence fence = {}) {
    return {.table = replica_, .batch = batch_, .fence = std::move(fence)};
  }

  static std::vector<std::string_view> texts(const Steps& steps) {
    std::vector<std::string_view> list;
    for (const Step& step : steps) list.push_back(step.statement.sql);
    return list;
  }

  const Replica replica_ = two_targets();
  const ReplicaSql sql_{replica_};
  const ApplyOptions options_;
  const PreparedBatch whole_;
  Batch batch_;
  const std::chrono::system_clock::time_point now_ = std::chrono::system_clock::now();
};

constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock_shared($1::integer, $2::integer)";

TEST_F(StatementsTest, AFollowersTransactionBeginsWithTheLockAndItsFence) {
  const ApplyRequest of_follower = request({.writer = ByFollower{5}});

  const Steps steps = statements(of_follower).begin("1", now_);

  ASSERT_THAT(texts(steps), ElementsAre(kLock, sql_.source.require_follower));
  EXPECT_EQ(steps[1].statement.params.count(), 4);  // replica, owner, generation, mapping
}

TEST_F(StatementsTest, ADeadlineEndsWaitingAndIsAskedForLast) {
  const ApplyRequest in_time = request({.deadline = now_ + 10s});

  EXPECT_THAT(texts(statements(in_time).begin({}, now_)),
              ElementsAre(testing::StartsWith("SELECT set_config('statement_timeout'"), kLock,
                          sql_.source.require_follower));
  EXPECT_THAT(texts(statements(in_time).end(&whole_, 0us)),
              ElementsAre(sql_.source.require_before));
}

TEST_F(StatementsTest, APassNeedsNoOwner) {
  const ApplyRequest of_pass = request({.writer = ByPass{2}});

  EXPECT_THAT(texts(statements(of_pass).begin({}, now_)),
              ElementsAre(kLock, sql_.source.require_pass));
}

TEST_F(StatementsTest, WhatADaemonReadBackNeedsTheEpochAndTheOwner) {
  const ApplyRequest by_anybody = request({.writer = ByReadBack{2}});
  const ApplyRequest by_daemon = request({.writer = ByReadBack{2, 5}});

  EXPECT_THAT(texts(statements(by_anybody).begin({}, now_)),
              ElementsAre(kLock, sql_.source.require_epoch));
  EXPECT_THAT(texts(statements(by_daemon).begin({}, now_)),
              ElementsAre(kLock, sql_.source.require_epoch, sql_.source.require_follower));
}

TEST_F(StatementsTest, RetriedLettersGoBeforeTheFence) {
  ApplyRequest retry = request({.writer = ByReadBack{2}});
  retry.retried_letters = {1, 2};

  EXPECT_THAT(texts(statements(retry).begin({}, now_)),
              ElementsAre(kLock, sql_.source.discard_dead_letters, sql_.source.require_epoch));
}

TEST_F(StatementsTest, BehindThePutsStandRechecksRemovesAndTombstonesOfTheirTarget) {
  const std::vector<Change> changes{change(ChangeKind::put, R"({"pk":{"S":"a"}})", 1),
                                    change(ChangeKind::remove, R"({"pk":{"S":"b"}})", 2)};
  const Rows rows = make_rows(changes, replica_.targets[1]);
  const ApplyRequest of_follower = request();
  const TargetSql& sql = sql_.targets[1];

  const Steps steps = statements(of_follower).after_puts(1, rows.after);

  EXPECT_THAT(texts(steps), ElementsAre(sql.recheck, sql.remove, sql.remove_held, sql.tombstone));
  ASSERT_EQ(rows.values.size(), 1U);
  const Step put =
      statements(of_follower).put(1, rows.after.puts[0], rows.values[0], rows.after.lowest_version);
  EXPECT_EQ(put.statement.sql, sql.put);
  EXPECT_EQ(put.statement.params.count(), 6);  // key, item, types, time, version, lowest version
}

TEST_F(StatementsTest, AScannedItemThatIsPoisonStampsItsRow) {
  Change broken = change(ChangeKind::scanned, R"({"pk":{"S":"a"}})", 0);
  broken.image = R"({"pk":{"S":"a"},"v":{"X":"1"}})";
  const Rows rows = make_rows(std::span{&broken, 1}, replica_.targets[0]);
  const ApplyRequest of_pass = request({.writer = ByPass{2}});

  EXPECT_EQ(rows.after.dead_letters.size(), 1U);
  EXPECT_THAT(texts(statements(of_pass).after_puts(0, rows.after)),
              ElementsAre(sql_.targets[0].recheck_scanned, sql_.targets[0].stamp));
}

TEST_F(StatementsTest, LettersAreCountedBehindTheLastOfThem) {
  const std::vector<DeadLetter> letters(2);

  EXPECT_THAT(texts(statements(request()).letters({})), IsEmpty());
  EXPECT_THAT(texts(statements(request()).letters(letters)),
              ElementsAre(sql_.source.dead_letter, sql_.source.dead_letter,
                          sql_.source.require_dead_letters));
}

TEST_F(StatementsTest, OnlyTheLastTransactionWritesTheCheckpoint) {
  ApplyRequest with_checkpoint = request();
  with_checkpoint.checkpoint = Checkpoint{.lane = "shard/1/a", .position = "3"};

  EXPECT_THAT(texts(statements(with_checkpoint).end(nullptr, 0us)), IsEmpty());
  EXPECT_THAT(texts(statements(with_checkpoint).end(&whole_, 0us)),
              ElementsAre(sql_.source.checkpoint));
}

}  // namespace
}  // namespace dynamite
