#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <deque>

#include "replica/history.hpp"

namespace dynamite::test {
namespace {

using enum KeyType;

class HistoryTest : public ReplicaTest, public ::testing::WithParamInterface<int> {
 protected:
  void empty() {
    std::vector<std::string> tables{state_schema() + ".gap"};
    for (const Target& target : orders.targets)
      tables.insert(tables.end(), {target.qualified_name(), target.tombstones});
    for (const std::string& table : tables) connections_.front().run("DELETE FROM " + table);
    connections_.front().run(fmt::format("UPDATE {}.replica SET pass = 'none'", state_schema()));
  }

  std::deque<pg::Connection> connections_;
};

constexpr int kShards = 6;

// Repeat a failure with DYNAMITE_TEST_SEED=… DYNAMITE_TEST_SEEDS=1.
TEST_P(HistoryTest, EndsWithTheReplicaEqualToTheSource) {
  constexpr std::array<std::array<KeyType, 2>, kShards> kKeys{
      {{S, N}, {S, S}, {N, B}, {B, N}, {S, B}, {B, S}}};
  const auto [partition, sort] = kKeys[static_cast<std::size_t>(GetParam())];
  orders = make_replica(GetParam() == 0 ? keys(S) : keys(partition, sort), "history");
  for (std::size_t i = 0; i < kAppliers; ++i) connections_.push_back(connect());
  const std::uint64_t first = from_environment("DYNAMITE_TEST_SEED", 0);
  const std::uint64_t count = from_environment("DYNAMITE_TEST_SEEDS", 500);

  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const auto own_seed = seed * kShards + static_cast<std::uint64_t>(GetParam());
    History history{own_seed, orders, connections_};
    ASSERT_NO_THROW(history.run());
    ASSERT_EQ(items_of(connections_.front(), orders), history.source().items());
    history.repeat_everything();
    ASSERT_EQ(items_of(connections_.front(), orders), history.source().items()) << "after repeats";
    ASSERT_EQ(difference_of_targets(connections_.front(), orders), "");
    empty();
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, HistoryTest, ::testing::Range(0, kShards));

}  // namespace
}  // namespace dynamite::test
