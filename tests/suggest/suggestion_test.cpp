#include "suggest/suggestion.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "mapping/new_columns.hpp"
#include "suggest/models.hpp"
#include "where/clause.hpp"

namespace dynamite {
namespace {

using test::n;
using test::numbered;
using test::s;
using test::Sample;
using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

/// The clauses by table. Each item must be taken by exactly one, the columns be such as a
/// configuration may declare.
std::map<std::string, std::string> clauses(const Sample& sample) {
  const Suggestion suggestion = sample.suggestion();
  std::map<std::string, std::string> clauses;
  std::map<std::string, std::size_t> takers;
  for (const SuggestedTarget& target : suggestion.targets) {
    clauses[target.into] = target.where;
    std::size_t taken = 0;
    for (const std::string& image : sample.images()) {
      if (!target.where.empty() && !Clause::parse(target.where).matches(image)) continue;
      ++takers[image];
      ++taken;
    }
    EXPECT_EQ(taken, target.items) << target.into;
    const MappingRules rules{.layout = LayoutKind::columns, .declared = target.columns};
    EXPECT_EQ(initial_columns(rules, sample.key_schema(), target.into), target.columns);
  }
  for (const std::string& image : sample.images()) EXPECT_EQ(takers[image], 1) << image;
  EXPECT_EQ(clauses.size(), suggestion.targets.size());
  EXPECT_EQ(suggestion.taken_by_one, sample.images().size());
  return clauses;
}

bool decided_by_keys(const Sample& sample) {
  for (const auto& [into, where] : clauses(sample))
    if (!Clause::parse(where).decided_by_keys(sample.key_schema())) return false;
  return true;
}

TEST(Suggestion, TellsTheEntitiesOfAShopByTheirKeys) {
  const Sample sample = test::shop();

  EXPECT_THAT(clauses(sample),
              UnorderedElementsAre(
                  Pair("customers", "begins_with(PK, 'CUST#') AND SK = 'PROFILE'"),
                  Pair("addresses", "begins_with(PK, 'CUST#') AND begins_with(SK, 'ADDRESS#')"),
                  Pair("orders", "begins_with(PK, 'CUST#') AND begins_with(SK, 'ORDER#')"),
                  Pair("items", "begins_with(PK, 'ORDER#') AND begins_with(SK, 'ITEM#')")));
  EXPECT_TRUE(decided_by_keys(sample));
}

TEST(Suggestion, TellsAnOrderFromItsItemsBehindTheSamePrefix) {
  EXPECT_THAT(
      clauses(test::order_lines()),
      UnorderedElementsAre(Pair("orders",
                                "begins_with(pk, 'CUST#') AND begins_with(sk, 'ORDER#') AND NOT "
                                "contains(sk, '#ITEM#')"),
                           Pair("items",
                                "begins_with(pk, 'CUST#') AND begins_with(sk, 'ORDER#') AND "
                                "contains(sk, '#ITEM#')")));
}

TEST(Suggestion, TellsOrganizationsFromUsers) {
  EXPECT_THAT(clauses(test::organizations()),
              UnorderedElementsAre(
                  Pair("organizations", "begins_with(PK, 'ORG#') AND begins_with(SK, 'METADATA#')"),
                  Pair("users", "begins_with(PK, 'ORG#') AND begins_with(SK, 'USER#')")));
}

TEST(Suggestion, TellsByAnAttributeWhatKeysDoNotTell) {
  EXPECT_THAT(clauses(test::repositories()),
              UnorderedElementsAre(
                  Pair("users", "Type = 'User'"), Pair("organizations", "Type = 'Organization'"),
                  Pair("repos", "begins_with(PK, 'REPO#') AND begins_with(SK, 'REPO#')"),
                  Pair("issues", "begins_with(PK, 'REPO#') AND begins_with(SK, 'ISSUE#')"),
                  Pair("pull_requests", "begins_with(PK, 'REPO#') AND begins_with(SK, 'PR#')"),
                  Pair("stars", "begins_with(PK, 'REPO#') AND begins_with(SK, 'STAR#')")));
}

TEST(Suggestion, TellsGamesFromTheirPlayers) {
  EXPECT_THAT(clauses(test::games()),
              UnorderedElementsAre(
                  Pair("games", "begins_with(PK, 'GAME#') AND begins_with(SK, '#METADATA#')"),
                  Pair("game_users", "begins_with(PK, 'GAME#') AND begins_with(SK, 'USER#')"),
                  Pair("users", "begins_with(PK, 'USER#') AND begins_with(SK, '#METADATA#')")));
}

TEST(Suggestion, PutsWhatAnAttributeCallsTheSameIntoOneTable) {
  EXPECT_THAT(clauses(test::reviews()),
              UnorderedElementsAre(
                  Pair("comments",
                       "(begins_with(pk, 'ISSUE#') AND begins_with(sk, 'COMMENT#')) OR "
                       "(begins_with(pk, 'PR#') AND begins_with(sk, 'COMMENT#'))"),
                  Pair("reviews", "begins_with(pk, 'PR#') AND begins_with(sk, 'REVIEW#')")));
}

TEST(Suggestion, HasATableForWhatIsLeft) {
  Sample sample = test::shop();
  sample.add({s("PK", "7"), s("SK", "8")});

  EXPECT_THAT(clauses(sample), testing::Contains(testing::Key("others")));
}

TEST(Suggestion, OfAnOrdinaryTableIsOneTargetWithoutClause) {
  Sample sample{"Artist", "SongTitle"};
  for (int i = 0; i < 30; ++i)
    sample.add({s("Artist", numbered("The Band ", i % 7)), s("SongTitle", numbered("Day ", i)),
                s("type", i % 2 == 0 ? "single" : "album"), n("year", "1999")});

  const Suggestion suggestion = sample.suggestion("Music");

  ASSERT_THAT(suggestion.targets, SizeIs(1));
  EXPECT_EQ(suggestion.targets.front().into, "music");
  EXPECT_EQ(suggestion.targets.front().where, "");
  EXPECT_EQ(suggestion.targets.front().items, 30);
  EXPECT_THAT(suggestion.targets.front().columns, SizeIs(0));
}

TEST(Suggestion, TakesTimesForNoPrefixes) {
  Sample sample{"device", "at"};
  for (int i = 0; i < 20; ++i)
    sample.add({s("device", fmt::format("6f1c{:02}:8a", i)),
                s("at", fmt::format("2024-01-01T{:02}:00:00Z", i))});

  EXPECT_THAT(clauses(sample), ElementsAre(Pair("shop", "")));
}

TEST(Suggestion, TakesNamesOfPeopleForNoEntities) {
  Sample sample{"pk", "sk"};
  const std::string letters{"abcdefghijklmnopqrstuvwxyz"};
  for (const char first : letters)
    for (const char second : letters)
      sample.add({s("pk", fmt::format("{}{}#1", first, second)), s("sk", "x")});

  EXPECT_THAT(clauses(sample), SizeIs(1));
}

TEST(Suggestion, OfAnEmptySampleIsOneTarget) {
  EXPECT_THAT(clauses(Sample{"pk"}), ElementsAre(Pair("shop", "")));
}

TEST(Suggestion, CountsItemsThatCannotBeRead) {
  const std::vector<std::string_view> images{R"({"pk":{"S":"a"}})", R"({"pk":{"S" 1}})"};

  const Suggestion suggestion = suggest("shop", images, {.partition = {.name = "pk"}, .sort = {}});

  EXPECT_EQ(suggestion.items, 1);
  EXPECT_EQ(suggestion.malformed, 1);
}

/// Keys of a few pieces in any order, with and without attributes that name entities.
TEST(Suggestion, TakesEachItemOnceWhateverTheKeysAre) {
  const std::vector<std::string> pieces{"A",  "ITEM", "b", "user", "#",       "#",    "|", ":", "1",
                                        "22", "É",    "'", "/",    "PROFILE", "\\\"", "*", "{}"};
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine{seed};
    const auto text = [&] {
      std::string text;
      for (auto left = 1 + engine() % 6; left > 0; --left) text += pieces[engine() % pieces.size()];
      return text;
    };
    Sample sample{"order id", "sk"};
    for (int i = 0; i < 40; ++i) {
      std::vector<test::Attribute> item{s("order id", text()), s("sk", text()),
                                        n("i", numbered("", i))};
      if (seed % 2 == 0 && engine() % 8 != 0)
        item.push_back(s("_et", pieces[engine() % (seed % 4 == 0 ? 4 : 10)]));
      sample.add(item);
    }
    clauses(sample);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace dynamite
