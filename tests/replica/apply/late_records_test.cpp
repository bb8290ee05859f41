#include "replica/apply/late_records.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <optional>

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr Micros kChange{1'768'478'400s};

Replica replica_of(std::optional<Micros> first, std::optional<Micros> second) {
  const KeySchema keys{.partition = {.name = "pk", .type = KeyType::S}, .sort = std::nullopt};
  Replica replica;
  for (const auto& changed_at : {first, second}) {
    replica.targets.push_back(new_target("dynamite", "public", "orders", keys));
    replica.targets.back().changed_at = changed_at;
  }
  return replica;
}

Batch batch_of(std::initializer_list<Micros> times) {
  Batch batch;
  for (const Micros time : times) {
    Change& change = batch.changes.emplace_back();
    change.image = R"({"pk":{"S":"a"}})";
    change.time = time;
  }
  return batch;
}

TEST(LateRecords, AreOlderThanTheNewestChangeOfATargetAndFiveMinutes) {
  const Replica replica = replica_of(kChange, kChange - 24h);

  EXPECT_TRUE(has_late_records(batch_of({kChange - 1h}), replica));
  EXPECT_TRUE(has_late_records(batch_of({kChange + 5min - 1us}), replica));
  EXPECT_FALSE(has_late_records(batch_of({kChange + 5min}), replica));
  EXPECT_TRUE(has_late_records(batch_of({kChange + 5min, kChange}), replica)) << "one of two";
}

TEST(LateRecords, ThereAreNoneWhereNoTargetChanged) {
  const Replica replica = replica_of(std::nullopt, std::nullopt);
  Batch batch = batch_of({kChange});
  batch.changes.front().time_is_unknown = true;

  EXPECT_FALSE(has_late_records(batch, replica));
}

TEST(LateRecords, ARecordWithoutTimeIsLate) {
  Batch batch = batch_of({kChange + 24h});
  batch.changes.front().time_is_unknown = true;

  EXPECT_TRUE(has_late_records(batch, replica_of(std::nullopt, kChange)));
}

TEST(LateRecords, OfAStreamWithoutImagesAllAreReadBack) {
  Batch batch = batch_of({kChange});
  const Replica unchanged = replica_of(std::nullopt, std::nullopt);
  EXPECT_FALSE(must_be_read_back(batch, unchanged));

  batch.changes.front().image = {};

  EXPECT_TRUE(must_be_read_back(batch, unchanged));
}

}  // namespace
}  // namespace dynamite
