#include "suggest/suggestion.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "mapping/new_columns.hpp"
#include "suggest/sample.hpp"
#include "where/clause.hpp"

namespace dynamite {
namespace {

using test::n;
using test::s;
using test::Sample;
using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::string numbered(std::string_view begin, int number) {
  return fmt::format("{}{}", begin, number);
}

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

/// An online shop: a customer, the customer's addresses and orders in one partition, the items of
/// an order in the order's.
Sample shop() {
  Sample sample{"PK", "SK"};
  for (int i = 0; i < 5; ++i) {
    const std::string customer = numbered("CUST#", i);
    sample.add({s("PK", customer), s("SK", "PROFILE"), s("joinedAt", "2024-05-01T10:00:00Z")});
    sample.add({s("PK", customer), s("SK", numbered("ADDRESS#", i)), s("city", "Bern")});
    for (int order = 0; order < 3; ++order) {
      const std::string id = numbered(numbered("ORDER#", i) + "-", order);
      sample.add({s("PK", customer), s("SK", id), n("total", "12.5")});
      sample.add({s("PK", id), s("SK", numbered("ITEM#", order)), n("quantity", "2")});
    }
  }
  return sample;
}

TEST(Suggestion, TellsTheEntitiesOfAShopByTheirKeys) {
  const Sample sample = shop();

  EXPECT_THAT(clauses(sample),
              UnorderedElementsAre(
                  Pair("customers", "begins_with(PK, 'CUST#') AND SK = 'PROFILE'"),
                  Pair("addresses", "begins_with(PK, 'CUST#') AND begins_with(SK, 'ADDRESS#')"),
                  Pair("orders", "begins_with(PK, 'CUST#') AND begins_with(SK, 'ORDER#')"),
                  Pair("items", "begins_with(PK, 'ORDER#') AND begins_with(SK, 'ITEM#')")));
  EXPECT_TRUE(decided_by_keys(sample));
}

TEST(Suggestion, TellsAnOrderFromItsItemsBehindTheSamePrefix) {
  Sample sample{"pk", "sk"};
  for (int i = 0; i < 4; ++i) {
    const std::string order = numbered("ORDER#", i);
    sample.add({s("pk", "CUST#1"), s("sk", order), n("total", "1")});
    sample.add({s("pk", "CUST#1"), s("sk", order + "#ITEM#7"), n("quantity", "2")});
  }

  EXPECT_THAT(
      clauses(sample),
      UnorderedElementsAre(Pair("orders",
                                "begins_with(pk, 'CUST#') AND begins_with(sk, 'ORDER#') AND NOT "
                                "contains(sk, '#ITEM#')"),
                           Pair("items",
                                "begins_with(pk, 'CUST#') AND begins_with(sk, 'ORDER#') AND "
                                "contains(sk, '#ITEM#')")));
}

/// Software for organizations: the organization and its users in one partition.
TEST(Suggestion, TellsOrganizationsFromUsers) {
  Sample sample{"PK", "SK"};
  for (int i = 0; i < 4; ++i) {
    const std::string organization = numbered("ORG#", i);
    sample.add({s("PK", organization), s("SK", "METADATA#" + organization), s("plan", "pro")});
    sample.add({s("PK", organization), s("SK", "USER#ann"), s("role", "admin")});
    sample.add({s("PK", organization), s("SK", "USER#bob"), s("role", "member")});
  }

  EXPECT_THAT(clauses(sample),
              UnorderedElementsAre(
                  Pair("organizations", "begins_with(PK, 'ORG#') AND begins_with(SK, 'METADATA#')"),
                  Pair("users", "begins_with(PK, 'ORG#') AND begins_with(SK, 'USER#')")));
}

/// As GitHub has them: accounts are users or organizations, which only an attribute tells; a
/// repository's issues, pull requests and stars beside it.
TEST(Suggestion, TellsByAnAttributeWhatKeysDoNotTell) {
  Sample sample{"PK", "SK"};
  for (int i = 0; i < 4; ++i) {
    const std::string user = numbered("ACCOUNT#ann", i), owner = numbered("ACCOUNT#acme", i);
    const std::string repository = numbered("REPO#acme#tool", i);
    sample.add({s("PK", user), s("SK", user), s("Type", "User"), s("email", "a@b.example")});
    sample.add({s("PK", owner), s("SK", owner), s("Type", "Organization"), n("members", "3")});
    sample.add({s("PK", repository), s("SK", repository), s("Type", "Repo")});
    sample.add({s("PK", repository), s("SK", "ISSUE#0001"), s("Type", "Issue")});
    sample.add({s("PK", repository), s("SK", "PR#0002"), s("Type", "PullRequest")});
    sample.add({s("PK", repository), s("SK", "STAR#ann"), s("Type", "Star")});
  }

  EXPECT_THAT(clauses(sample),
              UnorderedElementsAre(
                  Pair("users", "Type = 'User'"), Pair("organizations", "Type = 'Organization'"),
                  Pair("repos", "begins_with(PK, 'REPO#') AND begins_with(SK, 'REPO#')"),
                  Pair("issues", "begins_with(PK, 'REPO#') AND begins_with(SK, 'ISSUE#')"),
                  Pair("pull_requests", "begins_with(PK, 'REPO#') AND begins_with(SK, 'PR#')"),
                  Pair("stars", "begins_with(PK, 'REPO#') AND begins_with(SK, 'STAR#')")));
}

/// A game: its metadata under a constant, and its players' scores and maps.
TEST(Suggestion, TellsGamesFromTheirPlayers) {
  Sample sample{"PK", "SK"};
  for (int i = 0; i < 4; ++i) {
    const std::string game = numbered("GAME#", i);
    sample.add({s("PK", game), s("SK", "#METADATA#" + game), s("map", "Green Grasslands")});
    sample.add({s("PK", game), s("SK", "USER#ann"), n("score", "10")});
    sample.add({s("PK", "USER#ann"), s("SK", numbered("#METADATA#ann", i)), s("name", "Ann")});
  }

  EXPECT_THAT(clauses(sample),
              UnorderedElementsAre(
                  Pair("games", "begins_with(PK, 'GAME#') AND begins_with(SK, '#METADATA#')"),
                  Pair("game_users", "begins_with(PK, 'GAME#') AND begins_with(SK, 'USER#')"),
                  Pair("users", "begins_with(PK, 'USER#') AND begins_with(SK, '#METADATA#')")));
}

TEST(Suggestion, PutsWhatAnAttributeCallsTheSameIntoOneTable) {
  Sample sample{"pk", "sk"};
  for (int i = 0; i < 3; ++i) {
    sample.add({s("pk", numbered("ISSUE#", i)), s("sk", "COMMENT#1"), s("_et", "Comment")});
    sample.add({s("pk", numbered("PR#", i)), s("sk", "COMMENT#1"), s("_et", "Comment")});
    sample.add({s("pk", numbered("PR#", i)), s("sk", "REVIEW#1"), s("_et", "Review")});
  }

  EXPECT_THAT(clauses(sample),
              UnorderedElementsAre(
                  Pair("comments",
                       "(begins_with(pk, 'ISSUE#') AND begins_with(sk, 'COMMENT#')) OR "
                       "(begins_with(pk, 'PR#') AND begins_with(sk, 'COMMENT#'))"),
                  Pair("reviews", "begins_with(pk, 'PR#') AND begins_with(sk, 'REVIEW#')")));
}

TEST(Suggestion, HasATableForWhatIsLeft) {
  Sample sample = shop();
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
