#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <deque>
#include <memory>

#include "replica/history.hpp"

namespace dynamite::test {
namespace {

using enum KeyType;

const auto kHashKey = std::make_shared<const HashKey>("a secret of enough bytes");

struct Case {
  KeyType partition, sort;
  std::vector<std::string> hash;
};
const std::array<Case, 5> kCases{{{S, N, {"pk"}},
                                  {S, B, {"sk"}},
                                  {N, B, {"pk", "sk", "M"}},
                                  {B, N, {"*"}},
                                  {S, S, {"N*", "*.*", "a?b"}}}};

/// Random histories of targets that hash, one of each layout.
class HashedHistoryTest : public ReplicaTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  void make_targets(const KeySchema& key_schema, const std::vector<std::string>& hash) {
    const auto hashing = [&](Mapping mapping) {
      mapping.rules.hash = hash;
      mapping.rules.hash_fingerprint = kHashKey->fingerprint();
      mapping.hash_key = kHashKey;
      return mapping;
    };
    Replica wanted = wanted_replica(key_schema, "history");
    wanted.targets = {new_target(state_schema(), schema(), "history", key_schema, hashing({})),
                      new_target(state_schema(), schema(), "history_columns", key_schema,
                                 hashing(columns_mapping(key_schema)))};
    orders = make_replica(wanted);
  }
  void empty() {
    std::vector<std::string> tables{state_schema() + ".gap"};
    for (const Target& target : orders.targets)
      tables.insert(tables.end(), {target.qualified_name(), target.tombstones});
    for (const std::string& table : tables) connections_.front().run("DELETE FROM " + table);
    connections_.front().run(fmt::format("UPDATE {}.replica SET pass = 'none'", state_schema()));
  }

  std::deque<pg::Connection> connections_;
};

TEST_P(HashedHistoryTest, EndsWithTheReplicaEqualToTheHashedSource) {
  const auto& [partition, sort, hash] = kCases[GetParam()];
  make_targets(keys(partition, sort), hash);
  for (std::size_t i = 0; i < kAppliers; ++i) connections_.push_back(connect());
  const std::uint64_t first = from_environment("DYNAMITE_TEST_SEED", 0);
  const std::uint64_t count = from_environment("DYNAMITE_TEST_SEEDS", 60);

  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    History history{seed * kCases.size() + GetParam(), orders, connections_};
    ASSERT_NO_THROW(history.run());
    const std::vector<std::string> expected =
        shown_items(orders.targets.front(), history.source().items());
    ASSERT_EQ(items_of(connections_.front(), orders), expected);
    history.repeat_everything();
    ASSERT_EQ(items_of(connections_.front(), orders), expected) << "after repeats";
    ASSERT_EQ(difference_of_targets(connections_.front(), orders), "");
    empty();
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, HashedHistoryTest, ::testing::Range(std::size_t{0}, kCases.size()));

}  // namespace
}  // namespace dynamite::test
