#include <gmock/gmock.h>

#include "replica/state/pass.hpp"
#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

class ScannedPutTest : public ReplicaTest {};

TEST_F(ScannedPutTest, MakesARowOfVersionZero) {
  const std::int32_t pass = start_pass();

  apply_scanned(pass, {scanned("k1", "scan")});

  EXPECT_EQ(rows(), "k1|scan|0|1");
}

TEST_F(ScannedPutTest, KeepsTheVersion) {
  apply({put("k1", 7)});
  const std::int32_t pass = start_pass();

  apply_scanned(pass, {scanned("k1", "scan")});

  EXPECT_EQ(rows(), "k1|scan|7|1");
}

TEST_F(ScannedPutTest, LeavesARowThatTheStreamWroteInThisPass) {
  const std::int32_t pass = start_pass();
  apply({put("k1", 7)});

  apply_scanned(pass, {scanned("k1", "scan")});

  EXPECT_EQ(rows(), "k1|7|7|1");
}

TEST_F(ScannedPutTest, IsRefusedByATombstoneOfThisPass) {
  const std::int32_t pass = start_pass();
  apply({removal("k1", 7)});

  apply_scanned(pass, {scanned("k1", "scan")});

  EXPECT_EQ(rows(), "");
}

TEST_F(ScannedPutTest, PassesATombstoneOfAnEarlierPass) {
  apply({removal("k1", 7)});
  const std::int32_t pass = start_pass();

  apply_scanned(pass, {scanned("k1", "scan")});

  EXPECT_EQ(rows(), "k1|scan|0|1");
}

TEST_F(ScannedPutTest, APageAppliedTwiceLeavesTheSameRows) {
  const std::int32_t pass = start_pass();
  apply_scanned(pass, {scanned("k1", "scan"), scanned("k2", "scan")});

  const ApplyOutcome outcome = apply_scanned(pass, {scanned("k1", "scan"), scanned("k2", "scan")});

  EXPECT_EQ(rows(), "k1|scan|0|1\nk2|scan|0|1");
  EXPECT_EQ(outcome.applied, 0U);
}

TEST_F(ScannedPutTest, AScannedChangeWithoutItsPassIsABug) {
  EXPECT_EQ(error_of([&] { apply({scanned("k1", "scan")}); }).kind(), Error::Kind::bug);
}

TEST_F(ScannedPutTest, AStreamChangeInAPassIsABug) {
  const std::int32_t pass = start_pass();

  EXPECT_EQ(error_of([&] { apply_scanned(pass, {put("k1", 1)}); }).kind(), Error::Kind::bug);
}

// Nobody knows what it was: it may have taken its neighbour with it.

}  // namespace
}  // namespace dynamite::test
