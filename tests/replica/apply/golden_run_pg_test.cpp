#include <fmt/format.h>
#include <gmock/gmock.h>

#include "replica/comparison.hpp"
#include "replica/state/dead_letters.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/pass.hpp"
#include "support/replica.hpp"
#include "support/statement_log.hpp"
#include "support/testdata.hpp"

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;

/// What a run sends to the server, from the server's own log: golden/run.txt.
/// A change that is not meant to change what is sent must leave that file as it is. Where one is
/// meant: DYNAMITE_WRITE_GOLDEN=1 (see expect_golden).
class GoldenRunTest : public ReplicaTest {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    if (HasFatalFailure()) return;
    query("ALTER TABLE orders ADD CHECK (item->>'v' <> 'bad')");
    role_ = make_role("logged");
    for (const char* what : {"SCHEMA", "ALL TABLES IN SCHEMA"})
      query(fmt::format("GRANT ALL ON {} {}, {} TO {}", what, schema(), state_schema(), role_));
    query(fmt::format("ALTER ROLE {} SET log_statement = 'all'", role_));
    connection.emplace(connect_as(role_));
  }

  /// What follows stands behind `-- NAME` in the file.
  void step(const std::string& name) { connection->run(kTitle + name + "'"); }

  /// The statements since the first step, with schema names that are the same in every run.
  std::string sent() const {
    std::string text;
    for (const Executed& executed : logged_statements(role_)) {
      if (executed.sql.starts_with(kTitle))
        text += fmt::format(
            "{}-- {}\n", text.empty() ? "" : "\n",
            executed.sql.substr(kTitle.size(), executed.sql.size() - kTitle.size() - 1));
      else if (!text.empty())
        text += with_fixed_names(executed.sql) + ";\n";
    }
    return text;
  }

 private:
  static inline const std::string kTitle = "SELECT 'step: ";

  std::string with_fixed_names(std::string sql) const {
    for (const auto& [name, stands_for] :
         {std::pair{state_schema(), "STATE"}, std::pair{schema(), "SCHEMA"}})
      for (std::size_t at = sql.find(name); at != sql.npos; at = sql.find(name))
        sql.replace(at, name.size(), stands_for);
    return sql;
  }

  std::string role_;
};

TEST_F(GoldenRunTest, SendsWhatItSent) {
  step("records of a stream");
  apply({put("k1", 1), put("k2", 2), removal("k3", 3)},
        {.deadline = std::chrono::system_clock::now() + 1h},
        {.lane = "shard/1/a", .position = "3"});
  step("a pass that is put");
  const std::int32_t first = start_pass();
  apply_scanned(first, {scanned("k1", "x"), scanned("k4", "x")});
  end_pass(first);
  step("a pass that is copied");
  const std::int32_t second = start_pass();
  const Batch page = batch_of(orders, {scanned("k5", "x"), scanned("k6", "x")});
  const PreparedBatch copied = prepare_copy(page.changes, orders, second);
  ASSERT_TRUE(Applier(*connection, {})
                  .apply({.table = orders,
                          .batch = page,
                          .prepared = &copied,
                          .fence = {.writer = ByPass{second}}})
                  .copied);
  end_pass(second);
  step("a poisonous record");
  ASSERT_EQ(apply({put("k7", 7, "bad"), put("k8", 8)}).dead_letters, 1U);
  step("read back under an epoch, in place of its dead letter");
  const Batch read_back = batch_of(orders, {put("k7", 9)});
  Applier{*connection, {}}.apply({.table = orders,
                                  .batch = read_back,
                                  .fence = {.writer = ByReadBack{second}},
                                  .retried_letters = {1}});
  step("a daemon takes over, applies, and gives back");
  const std::int64_t owner = take_over(*connection, orders, {});
  apply({put("k9", 10)}, {.writer = ByFollower{owner}});
  give_back(*connection, orders, owner, {});
  step("compare");
  Comparison comparison{*connection, orders};
  comparison.page(page);
  comparison.ghosts(10);
  step("dead letters");
  DeadLetters{*connection, orders}.page(0, {});
  DeadLetters{*connection, orders}.discard_overtaken();
  step("end");

  expect_golden("golden/run.txt", sent());
}

}  // namespace
}  // namespace dynamite::test
