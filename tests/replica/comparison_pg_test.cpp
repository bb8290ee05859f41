#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "core/key.hpp"
#include "json/item_key.hpp"
#include "replica/comparison.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using testing::IsEmpty;

class ComparisonTest : public ReplicaTest {
 protected:
  void make_composite() { orders = make_replica(keys(KeyType::S, KeyType::B), "composite"); }
  static std::string composite(const std::string& sk, const std::string& value) {
    return fmt::format(R"({{"pk":{{"S":"a\"b"}},"sk":{{"B":"{}"}},"v":{{"SS":["{}","z"]}}}})", sk,
                       value);
  }
  /// A line a suspect: its key as JSON, what is different.
  std::string text_of(const std::vector<Suspect>& suspects) const {
    std::string text;
    for (const Suspect& suspect : suspects)
      text += fmt::format("{} {}\n", key_json(suspect.key, orders.source->key_schema),
                          static_cast<int>(suspect.difference));
    return text;
  }
  Difference recheck(Comparison& comparison, const std::string& key,
                     const std::map<std::string, std::string>& items) {
    std::vector<Suspect> suspects{
        {.key = key_of(key), .source_key = key_of(key), .difference = Difference::missing}};
    comparison.recheck(suspects, items);
    return suspects.front().difference;
  }
  static std::string key_of(const std::string& text) {
    std::string key;
    append_key_part(key, text);
    return key;
  }
};

TEST_F(ComparisonTest, EqualItemsAreNoSuspects) {
  apply({put("k1", 1, "a"), put("k2", 2, "b")});
  Comparison comparison{*connection, orders};

  EXPECT_THAT(comparison.page(batch_of(orders, {scanned("k1", "a"), scanned("k2", "b")})),
              IsEmpty());
  EXPECT_THAT(comparison.ghosts(10), IsEmpty());
}

TEST_F(ComparisonTest, MissingDifferentAndGhostsAreTold) {
  make_composite();
  apply({put_item(composite("AA==", "same"), 1), put_item(composite("AP8=", "old"), 2),
         put_item(composite("/w==", "ghost"), 3)});
  Comparison comparison{*connection, orders};

  const auto suspects = comparison.page(batch_of(
      orders, {scanned_item(composite("AA==", "same")), scanned_item(composite("AP8=", "new")),
               scanned_item(composite("AQ==", "missing"))}));

  EXPECT_EQ(text_of(suspects),
            "{\"pk\":{\"S\":\"a\\\"b\"},\"sk\":{\"B\":\"AP8=\"}} 2\n"
            "{\"pk\":{\"S\":\"a\\\"b\"},\"sk\":{\"B\":\"AQ==\"}} 1\n");
  EXPECT_EQ(text_of(comparison.ghosts(10)),
            "{\"pk\":{\"S\":\"a\\\"b\"},\"sk\":{\"B\":\"/w==\"}} 3\n");
}

TEST_F(ComparisonTest, AMissingRowIsToldOfAnItemThatHasNothingButItsKey) {
  Replica wanted = wanted_replica(keys(KeyType::S), "bare");
  wanted.targets = {new_target(state_schema(), schema(), "bare", keys(KeyType::S),
                               {.rules = {.layout = LayoutKind::columns}})};
  orders = make_replica(wanted);
  Comparison comparison{*connection, orders};

  const auto suspects = comparison.page(batch_of(orders, {scanned_item(R"({"pk":{"S":"k1"}})")}));

  ASSERT_EQ(suspects.size(), 1U);
  EXPECT_EQ(suspects[0].difference, Difference::missing);
}

TEST_F(ComparisonTest, ARowThatIsKeptOfARemovedItemIsNone) {
  Replica wanted = wanted_replica(keys(KeyType::S), "kept");
  wanted.targets = {new_target(state_schema(), schema(), "kept", keys(KeyType::S),
                               {.rules = {.where = "v <> 'left'", .keep_removed = true}})};
  orders = make_replica(wanted);
  apply({put("k1", 1, "a"), put("k2", 2, "b"), put("k3", 3, "c")});
  apply({removal("k1", 4), removal("k2", 5)});
  Comparison comparison{*connection, orders};

  const auto suspects = comparison.page(
      batch_of(orders, {scanned("k2", "b"), scanned("k3", "left"), scanned("k4", "left")}));

  ASSERT_EQ(suspects.size(), 1U);
  EXPECT_EQ(suspects[0].key, key_of("k2"));
  EXPECT_EQ(suspects[0].difference, Difference::missing);
  EXPECT_EQ(text_of(comparison.ghosts(10)), "{\"pk\":{\"S\":\"k3\"}} 3\n");
  EXPECT_EQ(recheck(comparison, "k1", {}), Difference::none);
  EXPECT_EQ(recheck(comparison, "k2", {{key_of("k2"), item("k2", "b")}}), Difference::missing);
}

TEST_F(ComparisonTest, ASetAndAListOfTheSameElementsDiffer) {
  apply({put_item(R"({"pk":{"S":"k1"},"v":{"SS":["a"]}})", 1)});
  Comparison comparison{*connection, orders};

  const auto suspects = comparison.page(
      batch_of(orders, {scanned_item(R"({"pk":{"S":"k1"},"v":{"L":[{"S":"a"}]}})")}));

  ASSERT_EQ(suspects.size(), 1U);
  EXPECT_EQ(suspects[0].difference, Difference::different);
}

TEST_F(ComparisonTest, AnItemThatPostgresCannotHoldIsNoGhost) {
  apply({put("k1", 1, "old")});
  Comparison comparison{*connection, orders};

  const auto suspects =
      comparison.page(batch_of(orders, {scanned_item(R"({"pk":{"S":"k1"},"a\u0000":{"S":"x"}})")}));

  ASSERT_EQ(suspects.size(), 1U);
  EXPECT_EQ(suspects[0].difference, Difference::unstorable);
  EXPECT_THAT(comparison.ghosts(10), IsEmpty());
}

TEST_F(ComparisonTest, ARejectedItemIsUnstorable) {
  Batch page;
  page.rejected.push_back({.record = "{}", .reason = "no key", .sequence_number = {}});
  Comparison comparison{*connection, orders};

  const auto suspects = comparison.page(page);

  ASSERT_EQ(suspects.size(), 1U);
  EXPECT_EQ(suspects[0].difference, Difference::unstorable);
}

TEST_F(ComparisonTest, RecheckHoldsTheKeyAgainstTheItemAsItIsNow) {
  apply({put("k1", 1, "a")});
  Comparison comparison{*connection, orders};
  EXPECT_EQ(recheck(comparison, "k1", {{key_of("k1"), item("k1", "a")}}), Difference::none);
  EXPECT_EQ(recheck(comparison, "k1", {{key_of("k1"), item("k1", "b")}}), Difference::different);
  EXPECT_EQ(recheck(comparison, "k1", {}), Difference::ghost);
  EXPECT_EQ(recheck(comparison, "k2", {{key_of("k2"), item("k2", "a")}}), Difference::missing);
  EXPECT_EQ(recheck(comparison, "k2", {}), Difference::none);
  EXPECT_EQ(recheck(comparison, "k1", {{key_of("k1"), R"({"pk":{"S":"k1"},"a\u0000":{"S":"x"}})"}}),
            Difference::unstorable);
}

TEST_F(ComparisonTest, ASampleIsOfRowsThatAreThere) {
  apply({put("k1", 1, "a"), put("k2", 2, "b"), put("k3", 3, "c")});
  Comparison comparison{*connection, orders};

  EXPECT_EQ(comparison.sample(2).size(), 2U);
  EXPECT_EQ(comparison.sample(10).size(), 3U);
}

TEST_F(ComparisonTest, TheRowsOfEveryTargetAreLookedAt) {
  apply({put("k1", 1)});
  query("CREATE TABLE second (LIKE orders INCLUDING ALL)");
  query("INSERT INTO second SELECT * FROM orders");
  query(
      "INSERT INTO second (pk, item, mod_time, create_time, _version, _epoch) "
      "SELECT 'k2', item, mod_time, create_time, _version, _epoch FROM orders");
  query(R"(UPDATE second SET item = item || '{"v":"other"}' WHERE pk = 'k1')");
  Replica two = orders;
  two.targets.push_back(new_target(state_schema(), schema(), "second", orders.source->key_schema));
  Comparison comparison{*connection, two};

  EXPECT_EQ(text_of(comparison.page(batch_of(orders, {scanned("k1", "1")}))),
            "{\"pk\":{\"S\":\"k1\"}} 2\n");
  EXPECT_EQ(text_of(comparison.ghosts(10)), "{\"pk\":{\"S\":\"k2\"}} 3\n");
  EXPECT_THAT(text_of(comparison.sample(10)), testing::HasSubstr("k2"));
}

TEST_F(ComparisonTest, EachGhostIsToldOnce) {
  orders = make_routed({"pk < 'z'", ""});
  apply({put("k1", 1), put("k2", 2), put("k3", 3)});
  query("DELETE FROM routed_0 WHERE pk = 'k1'");
  Comparison comparison{*connection, orders};

  EXPECT_EQ(comparison.ghosts(2).size(), 2U);
  EXPECT_EQ(text_of(comparison.ghosts(2)), "{\"pk\":{\"S\":\"k1\"}} 3\n");
  EXPECT_THAT(comparison.ghosts(2), IsEmpty());
}

/// Targets by a clause of keys, one of an attribute, and of all items. An item is told by its key
/// and value.
class RoutedComparisonTest : public ComparisonTest, public testing::WithParamInterface<LayoutKind> {
 protected:
  void SetUp() override {
    ComparisonTest::SetUp();
    if (HasFatalFailure()) return;
    orders = make_routed({"pk < 'm'", "v = 'x'", ""}, GetParam() == LayoutKind::columns
                                                          ? columns_mapping(keys(KeyType::S))
                                                          : Mapping{});
    apply({put("a", 1, "x"), put("b", 2, "y"), put("y", 3, "x"), put("z", 4, "y")});
  }
  /// A row of an item that it does not take, in the target by keys and in the one by an attribute.
  void spoil() {
    query("INSERT INTO routed_0 SELECT * FROM routed_2 WHERE pk = 'z'");
    query("INSERT INTO routed_1 SELECT * FROM routed_2 WHERE pk IN ('b', 'z')");
  }
  std::string page(Comparison& comparison) {
    return text_of(comparison.page(batch_of(
        orders, {scanned("a", "x"), scanned("b", "y"), scanned("y", "x"), scanned("z", "y")})));
  }
};

TEST_P(RoutedComparisonTest, EachTargetIsHeldAgainstTheItemsThatItTakes) {
  Comparison comparison{*connection, orders};

  EXPECT_EQ(page(comparison), "");
  EXPECT_THAT(comparison.ghosts(10), IsEmpty());
}

TEST_P(RoutedComparisonTest, ARowThatATargetLacksIsMissing) {
  spoil();
  query("DELETE FROM routed_0 WHERE pk = 'b'");
  query("DELETE FROM routed_1 WHERE pk = 'y'");
  Comparison comparison{*connection, orders};

  EXPECT_EQ(page(comparison), "{\"pk\":{\"S\":\"b\"}} 1\n{\"pk\":{\"S\":\"y\"}} 1\n");
  EXPECT_EQ(recheck(comparison, "b", {{key_of("b"), item("b", "y")}}), Difference::missing);
}

TEST_P(RoutedComparisonTest, ARowOfAnItemThatItsTargetDoesNotTakeIsAGhost) {
  spoil();
  Comparison comparison{*connection, orders};

  EXPECT_EQ(page(comparison), "");
  EXPECT_EQ(text_of(comparison.ghosts(10)), "{\"pk\":{\"S\":\"z\"}} 3\n{\"pk\":{\"S\":\"b\"}} 3\n");
  const auto recheck_item = [&](const std::string& key, const std::string& value) {
    return recheck(comparison, key, {{key_of(key), item(key, value)}});
  };
  EXPECT_EQ(recheck_item("z", "y"), Difference::ghost);
  EXPECT_EQ(recheck_item("z", "other"), Difference::different) << "of all items";
  EXPECT_EQ(recheck_item("y", "x"), Difference::none);
  query("DELETE FROM routed_0 WHERE pk = 'z'");
  EXPECT_EQ(recheck_item("z", "y"), Difference::ghost) << "in the target by an attribute";
  query("DELETE FROM routed_1 WHERE pk = 'z'");
  EXPECT_EQ(recheck_item("z", "y"), Difference::none);
}

TEST_P(RoutedComparisonTest, AnItemOfWhichNoClauseCanBeAskedIsUnstorable) {
  Comparison comparison{*connection, orders};

  const auto suspects =
      comparison.page(batch_of(orders, {scanned_item(R"({"pk":{"S":"a"},"v":{"S":1}})")}));

  EXPECT_EQ(text_of(suspects), "{\"pk\":{\"S\":\"a\"}} 4\n");
  EXPECT_THAT(text_of(comparison.ghosts(10)), testing::Not(testing::HasSubstr("\"a\"")));
  EXPECT_EQ(recheck(comparison, "a", {{key_of("a"), R"({"pk":{"S":"a"},"v":{"S":1}})"}}),
            Difference::unstorable);
}

TEST_P(RoutedComparisonTest, ASampleIsOfTheRowsOfEachTarget) {
  spoil();
  Comparison comparison{*connection, orders};

  std::vector<Suspect> suspects = comparison.sample(100);
  comparison.recheck(suspects, {{key_of("a"), item("a", "x")},
                                {key_of("b"), item("b", "y")},
                                {key_of("y"), item("y", "x")},
                                {key_of("z"), item("z", "y")}});

  std::erase_if(suspects, [](const Suspect& s) { return s.difference == Difference::none; });
  std::ranges::sort(suspects, {}, &Suspect::key);
  EXPECT_EQ(text_of(suspects), "{\"pk\":{\"S\":\"b\"}} 3\n{\"pk\":{\"S\":\"z\"}} 3\n");
}

INSTANTIATE_TEST_SUITE_P(Layouts, RoutedComparisonTest,
                         testing::Values(LayoutKind::document, LayoutKind::columns),
                         [](const auto& info) {
                           return info.param == LayoutKind::document ? "document" : "columns";
                         });

}  // namespace
}  // namespace dynamite::test
