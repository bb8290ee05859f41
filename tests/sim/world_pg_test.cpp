#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "replica/source_model.hpp"
#include "sim/world_fixture.hpp"

namespace dynamite::sim {
namespace {

using test::from_environment;

using WorldTest = WorldFixture;

/// A hundred seeds beside those of WorldTest, so that several processors have something to do.
class MoreWorldsTest : public WorldFixture, public ::testing::WithParamInterface<std::uint64_t> {};

/// What every hundred seeds must have met: what never happens is not tested.
constexpr std::array kMet{
    "HTML with status 500",
    "InternalServerError",
    "batch given up",
    "change while the stream was off",
    "clause changed",
    "closed shard listed without its children",
    "connection broke before the answer",
    "connection broke before the request",
    "connections cut",
    "constraint added",
    "daemon killed",
    "daemon stopped",
    "dead letter refused again",
    "dead letter retried",
    "empty page before records",
    "end of a shard on a page of its own",
    "former target added again",
    "functions work",
    "gap noticed by maintain",
    "half an answer",
    "half an answer without a sum",
    "history that ends with its target's rows",
    "invocation failed",
    "invocation frozen",
    "invocation refused: a daemon follows",
    "invocation repeated",
    "invocation thawed",
    "invocation thawed too late",
    "iterator expired",
    "kept rows, hash or history switched",
    "last page with records",
    "late batch applied",
    "late records read back by a function",
    "listing of shards in pages",
    "mapping switched off or on",
    "open parent listed with its child",
    "record in a history",
    "record that must be in a history",
    "record trimmed",
    "row kept of a removed item",
    "row kept of an expired item",
    "shard followed by another",
    "shard split in two",
    "shard trimmed",
    "short page of a scan",
    "short page of records",
    "slow answer",
    "status 503 without a body",
    "stream switched off and on",
    "stream without images",
    "table re-created",
    "table released",
    "target added",
    "target let go",
    "thirty hours pass",
    "throttled: LimitExceededException",
    "throttled: ProvisionedThroughputExceededException",
    "throttled: RequestLimitExceeded in a header",
    "throttled: ThrottlingException",
    "throttled: status 429 without a name",
    "trimmed position",
    "trimmed position that only GetRecords refuses",
    "wrong CRC",
};

void print(const Counts& counts) {
  for (const auto& [name, count] : counts) fmt::print("  {:>9}  {}\n", count, name);
}

TEST_F(WorldTest, EndsWithTheReplicaEqualToTheTable) {
  const std::uint64_t first = from_environment("DYNAMITE_SIM_FIRST_SEED", 1);
  const std::uint64_t seeds = from_environment("DYNAMITE_SIM_SEEDS", 100);
  Counts total = run_worlds(first, seeds);
  fmt::print("{} seeds from {} on\n", seeds, first);
  print(total);
  if (seeds < 100 || HasFailure()) return;
  if (server_crashes_) {
    EXPECT_GT(total["PostgreSQL crashed"], 0U);
  }
  for (const char* name : kMet) EXPECT_GT(total[name], 0U) << name << " never happened";
}

TEST_P(MoreWorldsTest, EndWithTheReplicaEqualToTheTable) { run_worlds(GetParam(), 100); }

INSTANTIATE_TEST_SUITE_P(FromSeed, MoreWorldsTest, ::testing::Values(101, 201));

}  // namespace
}  // namespace dynamite::sim
