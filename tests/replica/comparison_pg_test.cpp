#include <fmt/format.h>
#include <gmock/gmock.h>

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
  static std::string text_of(const Comparison& comparison, const std::vector<Suspect>& suspects) {
    std::string text;
    for (const Suspect& suspect : suspects)
      text += fmt::format("{} {}\n", comparison.key_json(suspect),
                          static_cast<int>(suspect.difference));
    return text;
  }
};

TEST_F(ComparisonTest, EqualItemsAreNoSuspects) {
  apply({put("k1", 1, "a"), put("k2", 2, "b")});
  Comparison comparison{*connection, orders};

  EXPECT_THAT(comparison.page(batch_of(orders, {scanned("k1", "a"), scanned("k2", "b")})),
              IsEmpty());
  EXPECT_THAT(comparison.ghosts(), IsEmpty());
}

TEST_F(ComparisonTest, MissingDifferentAndGhostsAreTold) {
  make_composite();
  apply({put_item(composite("AA==", "same"), 1), put_item(composite("AP8=", "old"), 2),
         put_item(composite("/w==", "ghost"), 3)});
  Comparison comparison{*connection, orders};

  const auto suspects = comparison.page(batch_of(
      orders, {scanned_item(composite("AA==", "same")), scanned_item(composite("AP8=", "new")),
               scanned_item(composite("AQ==", "missing"))}));

  EXPECT_EQ(text_of(comparison, suspects),
            "{\"pk\":{\"S\":\"a\\\"b\"},\"sk\":{\"B\":\"AP8=\"}} 2\n"
            "{\"pk\":{\"S\":\"a\\\"b\"},\"sk\":{\"B\":\"AQ==\"}} 1\n");
  EXPECT_EQ(text_of(comparison, comparison.ghosts()),
            "{\"pk\":{\"S\":\"a\\\"b\"},\"sk\":{\"B\":\"/w==\"}} 3\n");
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
  EXPECT_THAT(comparison.ghosts(), IsEmpty());
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
  const Suspect there{.k1 = "k1", .k2 = ""};
  const Suspect absent{.k1 = "k2", .k2 = ""};

  EXPECT_EQ(comparison.recheck(there, item("k1", "a")), Difference::none);
  EXPECT_EQ(comparison.recheck(there, item("k1", "b")), Difference::different);
  EXPECT_EQ(comparison.recheck(there, std::nullopt), Difference::ghost);
  EXPECT_EQ(comparison.recheck(absent, item("k2", "a")), Difference::missing);
  EXPECT_EQ(comparison.recheck(absent, std::nullopt), Difference::none);
  EXPECT_EQ(comparison.recheck(there, R"({"pk":{"S":"k1"},"a\u0000":{"S":"x"}})"),
            Difference::unstorable);
}

}  // namespace
}  // namespace dynamite::test
