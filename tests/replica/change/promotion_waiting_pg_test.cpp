#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "replica/change/promotion_fixture.hpp"
#include "replica/state/locks.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// As a daemon does, until nothing is left to do or `until` has come. Returns how often somebody
/// used the table.
std::size_t promote_until(const PromotionTest& test, const Replica& replica,
                          steady_clock::time_point until) {
  pg::Connection connection = test.connect();
  Promotion promotion{replica};
  std::size_t busy = 0;
  while (steady_clock::now() < until) {
    const PromotionStep done = promotion.step(connection);
    if (done == PromotionStep::idle) break;
    if (done != PromotionStep::busy) continue;
    ++busy;
    std::this_thread::sleep_for(100ms);  // a daemon pauses for longer
  }
  return busy;
}

class WaitingTest : public PromotionTest {
 protected:
  /// The longest that one of the batches took which are applied until then. The applier does not
  /// know the new mapping, unless a batch of it is refused.
  std::chrono::milliseconds longest_apply_until(steady_clock::time_point until) {
    Applier applier{*connection, {}};
    auto longest = 0ms;
    for (std::uint64_t number = 1'000; steady_clock::now() < until; ++number) {
      const auto begun = steady_clock::now();
      const Batch batch = batch_of(
          orders, {put_item(R"({"pk":{"S":"b"},"total":{"N":"2"},"city":{"S":"x"}})", number)});
      try {
        applier.apply({.table = orders, .batch = batch});
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::fenced);
        load();
      }
      longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                      steady_clock::now() - begun));
    }
    return longest;
  }
};

// VALIDATE CONSTRAINT, CREATE INDEX CONCURRENTLY and ANALYZE take that lock: writers go on, an
// ALTER TABLE waits.
TEST_F(WaitingTest, AppliersDoNotQueueBehindAPromotionThatWaitsForADba) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  pg::Connection other = connect();
  pg::Transaction dba{other};
  dba.run("LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE");
  const auto until = steady_clock::now() + 3s;
  auto busy = std::async(std::launch::async,
                         [&, table = orders] { return promote_until(*this, table, until); });

  const auto longest = longest_apply_until(until);

  EXPECT_GE(busy.get(), 2U);
  EXPECT_LT(longest, 1s);
  EXPECT_EQ(attribute_columns(), "");
  dba.commit();
  promote();
  EXPECT_EQ(query("SELECT pk, total, _rest ->> 'total' FROM orders ORDER BY pk"),
            "a|1|NULL\nb|2|NULL");
}

// The ALTER TABLE waits for a reader, and what the promotion looks at waits behind it.
TEST_F(WaitingTest, APromotionBehindAnAlterTableHoldsNoLockThatAppliersWant) {
  put_items({R"({"pk":{"S":"a"},"total":{"N":"1"}})"});
  pg::Connection reading = connect();
  std::optional<pg::Transaction> reader{std::in_place, reading};
  reader->run("SELECT FROM orders");
  pg::Connection altering = connect();
  auto altered = std::async(std::launch::async, [&] {
    altering.run("ALTER TABLE orders ADD COLUMN of_the_dba integer");
  });
  wait_until_blocked(altering.backend_pid());
  const LockKeys lock = lock_keys(orders);
  Promotion promotion{orders};
  connection->run("SET statement_timeout = '300ms'");

  error_of([&] { promotion.step(*connection); });

  pg::Connection applier = connect();
  EXPECT_TRUE(applier
                  .run(fmt::format("SELECT pg_try_advisory_xact_lock_shared({}, {})",
                                   lock.transaction_class, lock.replica))
                  .flag(0, 0));
  reader.reset();
  altered.get();
  connection->run("RESET statement_timeout");
  promote();
  EXPECT_EQ(query("SELECT total, of_the_dba FROM orders"), "1|NULL");
}

TEST_F(WaitingTest, TwoPromotionsAtOnceEndAsOne) {
  insert_rows(5'000, R"({"total": 1, "city": "x"})");
  note({{.name = "total", .type = "N"}, {.name = "city", .type = "S"}});
  const auto until = steady_clock::now() + 60s;
  std::vector<std::future<std::size_t>> both;
  for (int i = 0; i < 2; ++i)
    both.push_back(std::async(std::launch::async,
                              [&, table = orders] { return promote_until(*this, table, until); }));

  const auto longest = longest_apply_until(steady_clock::now() + 2s);
  for (auto& one : both) one.get();

  EXPECT_LT(longest, 1s);
  load();
  EXPECT_EQ(orders.mapping, 2);
  EXPECT_EQ(attribute_columns(), "city text, total numeric");
  EXPECT_EQ(query("SELECT count(*), sum(total), count(city) FROM orders WHERE _rest IS NULL"),
            "5001|5002|5001");
}

}  // namespace
}  // namespace dynamite::test
