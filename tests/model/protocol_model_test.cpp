#include <gmock/gmock.h>

#include <iostream>

#include "model/explorer.hpp"

namespace dynamite::model {
namespace {

/// The cases: together they have two appliers at once, repeats in any order, losses, late records,
/// pages of dead daemons, resumed and repeated passes, and forgotten tombstones.
const std::vector<Bounds>& cases() {
  static const std::vector<Bounds> all{
      {.writes = "P", .passes = 2},
      {.writes = "PR", .passes = 1},
      {.writes = "PP", .passes = 1},
      {.writes = "PR", .passes = 1, .late = true},
      {.writes = "PR", .passes = 1, .expiry = true},
      {.writes = "PRP", .passes = 1, .losses = false},
      {.writes = "PR", .passes = 1, .losses = false, .new_stream = true},
      {.writes = "PR", .passes = 2},
      {.writes = "PPR", .passes = 1, .losses = false},
      {.writes = "PR", .passes = 2, .new_stream = true},
      {.writes = "PR", .passes = 1, .refusals = true},
      {.writes = "P", .passes = 2, .remapped = true},
      {.writes = "PR", .passes = 1, .remapped = true},
  };
  return all;
}

/// The cases of a target with a clause. What one target does not take, the other one does: each
/// case stands for one of two targets, and the rules hold for each target by itself.
const std::vector<Bounds>& routed_cases() {
  static const std::vector<Bounds> all{
      {.writes = "PN", .passes = 1},
      {.writes = "NP", .passes = 1},
      {.writes = "PN", .passes = 2, .old_images = true},
      {.writes = "PN", .passes = 1, .expiry = true, .old_images = true},
      {.writes = "PN", .passes = 1, .refusals = true, .old_images = true},
      {.writes = "PN", .passes = 0, .late = true, .old_images = true},
      {.writes = "PNN", .passes = 1, .losses = false, .old_images = true},
      {.writes = "NPN", .passes = 1, .losses = false, .old_images = true},
      {.writes = "PNN", .passes = 0, .old_images = true, .batches = true},
      {.writes = "NPN", .passes = 0, .old_images = true, .batches = true},
      {.writes = "PNP", .passes = 0, .old_images = true, .batches = true},
      {.writes = "PRN", .passes = 0, .batches = true},
      {.writes = "A", .passes = 2, .remapped = true, .new_clause = true},
      {.writes = "B", .passes = 2, .losses = false, .remapped = true, .new_clause = true},
      {.writes = "AN", .passes = 1, .losses = false, .remapped = true, .new_clause = true},
      {.writes = "BN",
       .passes = 1,
       .losses = false,
       .remapped = true,
       .new_clause = true,
       .old_images = true},
  };
  return all;
}

/// The cases of a target that keeps the rows of removed items.
const std::vector<Bounds>& kept_cases() {
  static const std::vector<Bounds> all{
      {.writes = "PR", .passes = 1, .kept = true},
      {.writes = "PR", .passes = 2, .losses = false, .kept = true},
      {.writes = "PR", .passes = 1, .late = true, .kept = true},
      {.writes = "PR", .passes = 1, .expiry = true, .kept = true},
      {.writes = "PR", .passes = 1, .refusals = true, .kept = true},
      {.writes = "PR", .passes = 1, .losses = false, .new_stream = true, .kept = true},
      {.writes = "PRP", .passes = 1, .losses = false, .kept = true},
      {.writes = "PRN", .passes = 1, .losses = false, .kept = true},
      {.writes = "PN", .passes = 1, .kept = true},
      {.writes = "PN", .passes = 1, .old_images = true, .kept = true},
      {.writes = "PNR", .passes = 0, .kept = true},
      {.writes = "PRNN", .passes = 0, .losses = false, .kept = true},
      {.writes = "A", .passes = 2, .remapped = true, .new_clause = true, .kept = true},
  };
  return all;
}

// Cases of a target with a history, without one of whose rules they end wrong.
const Bounds kNotedBatches{
    .writes = "PPR", .passes = 0, .batches = true, .history = History::whole};
const Bounds kNotedPuts{
    .writes = "PP", .passes = 1, .losses = false, .history = History::whole, .pages = 1};
const Bounds kNotedKeptRows{
    .writes = "PR", .passes = 1, .losses = false, .kept = true, .history = History::whole};
const Bounds kNotedBehindARemove{
    .writes = "RP", .passes = 1, .history = History::whole, .pages = 1, .lost = "2"};
const Bounds kNotedLateRecords{.writes = "PP",
                               .passes = 1,
                               .late = true,
                               .history = History::whole,
                               .pages = 1,
                               .lates_max = 1,
                               .lost = "12"};
const Bounds kNotedBehindAForgottenRemove{.writes = "PRP",
                                          .passes = 1,
                                          .late = true,
                                          .expiry = true,
                                          .history = History::whole,
                                          .repeats = false,
                                          .pages = 1,
                                          .lates_max = 1,
                                          .lost = "13"};
const Bounds kNotedRemoves{.writes = "PR", .passes = 1, .history = History::whole};
const Bounds kNotedLate{.writes = "PR",
                        .passes = 1,
                        .losses = false,
                        .history = History::late,
                        .pages = 1,
                        .lates_max = 1};
const Bounds kNotedLateAndLost{.writes = "PP",
                               .passes = 1,
                               .late = true,
                               .history = History::late,
                               .repeats = false,
                               .pages = 1,
                               .lates_max = 1,
                               .lost = "1"};
const Bounds kNotedWithAPause{.writes = "PR",
                              .passes = 1,
                              .losses = false,
                              .history = History::paused,
                              .repeats = false,
                              .pages = 1,
                              .lates_max = 1};

/// The cases of a target with a history.
const std::vector<Bounds>& history_cases() {
  static const History whole = History::whole;
  static const std::vector<Bounds> all{
      kNotedBatches,
      kNotedPuts,
      kNotedKeptRows,
      kNotedBehindARemove,
      kNotedLateRecords,
      kNotedBehindAForgottenRemove,
      kNotedRemoves,
      kNotedLate,
      kNotedLateAndLost,
      kNotedWithAPause,
      {.writes = "P", .passes = 2, .history = whole},
      {.writes = "PR",
       .passes = 1,
       .late = true,
       .history = whole,
       .pages = 1,
       .lates_max = 1,
       .lost = "1"},
      {.writes = "PR", .passes = 1, .refusals = true, .history = whole, .pages = 1, .lost = "2"},
      {.writes = "PR", .losses = false, .new_stream = true, .history = whole, .pages = 1},
      {.writes = "PN", .passes = 1, .history = whole, .pages = 1},
      {.writes = "PN", .old_images = true, .history = whole, .pages = 1, .lost = "2"},
      {.writes = "PN", .passes = 1, .kept = true, .history = whole, .lost = "2"},
      {.writes = "PNP", .passes = 0, .old_images = true, .batches = true, .history = whole},
      {.writes = "A", .passes = 1, .remapped = true, .new_clause = true, .history = whole},
      {.writes = "B", .losses = false, .remapped = true, .new_clause = true, .history = whole},
  };
  return all;
}

void expect_equal_at_rest(const std::vector<Bounds>& cases) {
  for (const Bounds& bounds : cases) {
    const Exploration found = explore({}, bounds);

    EXPECT_THAT(found.violation, ::testing::IsEmpty()) << bounds.writes;
    EXPECT_GT(found.at_rest, 0U);
    std::cout << bounds.writes << ", " << bounds.passes << " passes"
              << (bounds.late ? ", late" : "") << (bounds.expiry ? ", expiry" : "")
              << (bounds.remapped ? ", remapped" : "") << (bounds.old_images ? ", old images" : "")
              << (bounds.batches ? ", batches" : "") << ": " << found.states << " states, "
              << found.at_rest << " at rest\n";
  }
}

TEST(ProtocolModel, WithAllRulesTheReplicaEqualsTheSourceAtRest) { expect_equal_at_rest(cases()); }

TEST(ProtocolModel, WithAllRulesATargetHasWhatItsClauseTakesAtRest) {
  expect_equal_at_rest(routed_cases());
}

TEST(ProtocolModel, WithAllRulesKeptRowsAreOfRemovedItemsAndStay) {
  expect_equal_at_rest(kept_cases());
}

TEST(ProtocolModel, WithAllRulesAHistoryHasEachRecordAndEndsWithTheRow) {
  expect_equal_at_rest(history_cases());
}

TEST(ProtocolModel, RowsThatNoSweepCanDeleteGoInTheEnd) {
  const Exploration found = explore({}, {.writes = "PR", .passes = 2, .refusals = true});

  EXPECT_THAT(found.violation, ::testing::IsEmpty());
  EXPECT_GT(found.at_rest, 0U);
}

// The tombstone check and the epoch's gap make up for it: it only keeps a pass's end simple.
TEST(ProtocolModel, TheLockAtTheEndOfAPassIsSpare) {
  EXPECT_THAT(shortest_violation({.lock_at_end = false}, cases()), ::testing::IsEmpty());
}

struct Removal {
  const char* name;
  void (*remove)(Rules&);
};

void expect_needed(const Removal& removal, const std::vector<Bounds>& cases) {
  Rules rules;
  removal.remove(rules);

  const std::vector<std::string> violation = shortest_violation(rules, cases);

  EXPECT_THAT(violation, ::testing::Not(::testing::IsEmpty()));
  std::cout << "without " << removal.name << ":\n";
  for (const std::string& step : violation) std::cout << "  " << step << "\n";
}

class RuleTest : public ::testing::TestWithParam<Removal> {};

TEST_P(RuleTest, IsNeeded) { expect_needed(GetParam(), cases()); }

class KeptRuleTest : public ::testing::TestWithParam<Removal> {};

TEST_P(KeptRuleTest, IsNeeded) { expect_needed(GetParam(), kept_cases()); }

/// A rule of histories, and the case that is wrong without it.
struct HistoryRule {
  Removal removal;
  const Bounds& bounds;
};

class HistoryRuleTest : public ::testing::TestWithParam<HistoryRule> {};

TEST_P(HistoryRuleTest, IsNeeded) { expect_needed(GetParam().removal, {GetParam().bounds}); }

class RoutingRuleTest : public ::testing::TestWithParam<Removal> {};

TEST_P(RoutingRuleTest, IsNeeded) { expect_needed(GetParam(), routed_cases()); }

INSTANTIATE_TEST_SUITE_P(
    Protocol, RuleTest,
    ::testing::Values(Removal{"VersionGuard", [](Rules& r) { r.version_guard = false; }},
                      Removal{"TombstoneCheck", [](Rules& r) { r.tombstone_check = false; }},
                      Removal{"Placeholder", [](Rules& r) { r.placeholder = false; }},
                      Removal{"HoldingTheKey", [](Rules& r) { r.hold_key = false; }},
                      Removal{"Recheck", [](Rules& r) { r.recheck = false; }},
                      Removal{"RecheckOfEqualVersions", [](Rules& r) { r.recheck_equal = false; }},
                      Removal{"Sweep", [](Rules& r) { r.sweep = false; }},
                      Removal{"TombstonesOfTheSweep", [](Rules& r) { r.sweep_tombstones = false; }},
                      Removal{"LettersOfTheSweep", [](Rules& r) { r.sweep_letters = false; }},
                      Removal{"RetryAboveTheRow", [](Rules& r) { r.above_the_row = false; }},
                      Removal{"LifeOfLetters", [](Rules& r) { r.letters_outlive = false; }},
                      Removal{"EpochGuard", [](Rules& r) { r.epoch_guard = false; }},
                      Removal{"LockAtTheStartOfAPass", [](Rules& r) { r.lock_at_start = false; }},
                      Removal{"OnlyTheRunningPass", [](Rules& r) { r.running_pass_only = false; }},
                      Removal{"ReadAfterTheStart", [](Rules& r) { r.read_after_start = false; }},
                      Removal{"GenerationCheck", [](Rules& r) { r.generation_check = false; }},
                      Removal{"ReadBack", [](Rules& r) { r.read_back = false; }},
                      Removal{"EpochOfTheReadBack", [](Rules& r) { r.read_back_epoch = false; }},
                      Removal{"MappingNumber", [](Rules& r) { r.mapping_number = false; }},
                      Removal{"LifeOfTombstones", [](Rules& r) { r.tombstones_outlive = false; }}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Protocol, RoutingRuleTest,
    ::testing::Values(
        Removal{"MappingNumber", [](Rules& r) { r.mapping_number = false; }},
        Removal{"KnownOldImage", [](Rules& r) { r.known_old_image = false; }},
        Removal{"ExpansionBeforeCoalescing", [](Rules& r) { r.expand_first = false; }},
        Removal{"ReadBackOfOlderRecords", [](Rules& r) { r.read_back_older = false; }},
        Removal{"PassBehindAChange", [](Rules& r) { r.pass_behind_change = false; }}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Protocol, HistoryRuleTest,
    ::testing::Values(
        HistoryRule{{"NotingBeforeCoalescing", [](Rules& r) { r.note_each = false; }},
                    kNotedBatches},
        HistoryRule{{"NotingOfWrittenRows", [](Rules& r) { r.note_written = false; }}, kNotedPuts},
        HistoryRule{{"NotingOfRowsThatAreThere", [](Rules& r) { r.note_live = false; }},
                    kNotedKeptRows},
        HistoryRule{{"VersionsAboveTheHistory", [](Rules& r) { r.note_above_noted = false; }},
                    kNotedBehindARemove},
        HistoryRule{{"VersionsAboveTheRow", [](Rules& r) { r.note_above_row = false; }},
                    kNotedLateAndLost},
        HistoryRule{{"NotingOfWhatWasReadBack", [](Rules& r) { r.note_read = false; }},
                    kNotedLateRecords},
        HistoryRule{{"ReadBackBehindAllElse", [](Rules& r) { r.note_read_last = false; }},
                    kNotedBehindAForgottenRemove},
        HistoryRule{{"ReadBackOfOlderRecords", [](Rules& r) { r.read_back_unnoted = false; }},
                    kNotedLate},
        HistoryRule{{"NotingOfTheSweep", [](Rules& r) { r.note_swept = false; }}, kNotedRemoves},
        HistoryRule{{"WalkThroughTheHistory", [](Rules& r) { r.note_absent = false; }},
                    kNotedWithAPause}),
    [](const auto& test) { return test.param.removal.name; });

INSTANTIATE_TEST_SUITE_P(
    Protocol, KeptRuleTest,
    ::testing::Values(Removal{"SweepsSpareKeptRows", [](Rules& r) { r.sweep_spares_kept = false; }},
                      Removal{"KeptRowsGuard", [](Rules& r) { r.kept_row_guards = false; }},
                      Removal{"KeptRowsStay", [](Rules& r) { r.kept_row_stays = false; }},
                      Removal{"PagesDeleteWhatIsNotTaken",
                              [](Rules& r) { r.untaken_page = false; }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace dynamite::model
