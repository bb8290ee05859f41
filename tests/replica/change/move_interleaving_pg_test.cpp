#include <gmock/gmock.h>

#include <future>

#include "replica/change/promotion_fixture.hpp"
#include "replica/state/locks.hpp"
#include "replica/state/pass.hpp"
#include "support/interleaving.hpp"

namespace dynamite::test {
namespace {

enum class First : std::uint8_t { change, move };

/// The value of row k1 moves into its column while somebody changes the row. One of both is held
/// before its commit until the other waits for it.
class MoveInterleavingTest : public PromotionTest, public testing::WithParamInterface<First> {
 protected:
  void SetUp() override {
    PromotionTest::SetUp();
    if (HasFatalFailure()) return;
    put_items({R"({"pk":{"S":"k1"},"total":{"N":"1"},"other":{"NULL":true}})"}, 5);
    Promotion promotion{orders};
    ASSERT_EQ(promotion.step(*connection), PromotionStep::changed);
    load();
  }

  void interleave(const TestChange& change, const Fence& fence = {}) {
    if (GetParam() == First::change)
      change_first(change, fence);
    else
      move_first([&] {
        auto applying = std::make_shared<Applying>(*this, std::vector{change}, fence);
        applying->wait_until_blocked();
        return [applying] { applying->finish(); };
      });
  }

  void change_first(const TestChange& change, const Fence& fence) {
    CommitGate gate{*this};
    Applying applying{*this, {change}, fence, CommitGate::checkpoint()};
    applying.wait_until_blocked();
    pg::Connection other = connect();
    Promotion promotion{orders};
    auto moving = std::async(std::launch::async, [&] { return promotion.step(other); });
    wait_until_blocked(other.backend_pid());
    gate.open();
    applying.finish();
    EXPECT_EQ(moving.get(), PromotionStep::moved);
  }

  /// `begin` returns when what it began waits for the move, and what ends it.
  template <class Begin>
  void move_first(const Begin& begin) {
    pg::Connection other = connect();
    pg::Transaction moving{other};
    pg::Statement lock = lock_shared(orders);
    moving.run(lock.sql, std::move(lock.params));
    moving.run(move_values_sql(orders.targets.front(), "true"));
    const auto finish = begin();
    moving.commit();
    finish();
  }

  std::string rows() {
    return query("SELECT pk, total, _rest, _version, _epoch FROM orders ORDER BY pk");
  }
};

INSTANTIATE_TEST_SUITE_P(, MoveInterleavingTest, testing::Values(First::change, First::move),
                         [](const auto& info) {
                           return info.param == First::change ? "ChangeFirst" : "MoveFirst";
                         });

TEST_P(MoveInterleavingTest, ANewerPut) {
  interleave(put_item(R"({"pk":{"S":"k1"},"total":{"N":"2"}})", 6));

  EXPECT_EQ(rows(), "k1|2|NULL|6|0");
}

TEST_P(MoveInterleavingTest, ANewerPutWhoseValueDoesNotFit) {
  interleave(put_item(R"({"pk":{"S":"k1"},"total":{"BOOL":true},"x":{"N":"1"}})", 6));

  EXPECT_EQ(rows(), R"(k1|NULL|{"x": 1, "total": true}|6|0)");
}

TEST_P(MoveInterleavingTest, ARemove) {
  interleave(remove_item(R"({"pk":{"S":"k1"}})", 6));

  EXPECT_EQ(rows(), "");
  EXPECT_EQ(tombstones(), "k1|6|0");
}

TEST_P(MoveInterleavingTest, AScannedPut) {
  const std::int32_t epoch = start_pass();

  interleave(scanned_item(R"({"pk":{"S":"k1"},"total":{"N":"9"}})"), {.writer = ByPass{epoch}});

  EXPECT_EQ(rows(), "k1|9|NULL|5|1");
}

TEST_F(PromotionTest, ASweepThatMeetsAMoveDeletesTheRow) {
  put_items({R"({"pk":{"S":"k1"},"total":{"N":"1"}})"}, 5);
  Promotion promotion{orders};
  ASSERT_EQ(promotion.step(*connection), PromotionStep::changed);
  load();
  const std::int32_t epoch = start_pass();
  pg::Connection other = connect();
  pg::Connection sweeper = connect();
  pg::Transaction moving{other};
  moving.run(move_values_sql(orders.targets.front(), "true"));

  auto swept = std::async(std::launch::async, [&] {
    Passes passes{sweeper, orders};
    passes.begin_sweep(epoch, {});
    return passes.sweep(epoch, {}, {}).deleted;
  });
  wait_until_blocked(sweeper.backend_pid());
  moving.commit();

  EXPECT_EQ(swept.get(), 1);
  EXPECT_EQ(tombstones(), "k1|5|1");
}

}  // namespace
}  // namespace dynamite::test
