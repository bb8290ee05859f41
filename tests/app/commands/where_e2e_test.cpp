#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "app/commands/mapped_table.hpp"

namespace dynamite::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCustomers = R"([[table.target]]
into = "customers"
where = "begins_with(pk, 'CUST#') AND sk = 'PROFILE'"
layout = "columns"
columns = { customer = { from = "pk", take = "CUST#{}" } }
)";
constexpr const char* kOrders = R"([[table.target]]
into = "orders"
where = "begins_with(sk, 'SALE#') AND kind = 'order'"
layout = "columns"
)";
constexpr const char* kQuotes = R"([[table.target]]
into = "quotes"
where = "begins_with(sk, 'SALE#') AND kind = 'quote'"
)";
const std::string kThree = std::string{kCustomers} + kOrders + kQuotes;

/// A single-table design of three entities: a customer, and sales that are quotes before they are
/// orders.
class WhereTest : public MappedTableTest {
 protected:
  void make_shop(const std::string& stream_view_type = "NEW_AND_OLD_IMAGES") {
    make_table(keys(KeyType::S, KeyType::S), stream_view_type);
    put(R"({"pk":{"S":"CUST#1"},"sk":{"S":"PROFILE"},"name":{"S":"Ada"}})");
    put_sale("1", "order");
    put_sale("2", "quote");
  }
  void put_sale(const std::string& number, const std::string& kind) {
    put(fmt::format(
        R"({{"pk":{{"S":"CUST#1"}},"sk":{{"S":"SALE#{0}"}},"kind":{{"S":"{1}"}},"total":{{"N":"{0}"}}}})",
        number, kind));
  }
  void remove(const std::string& sort_key) {
    source_.api().delete_item(
        table_, fmt::format(R"({{"pk":{{"S":"CUST#1"}},"sk":{{"S":"{}"}}}})", sort_key));
  }
  /// The sort keys in each target.
  std::string items() {
    return fmt::format("customers {}, orders {}, quotes {}", rows("customers", "sk", "sk"),
                       rows("orders", "sk", "sk"), rows("quotes", "sk", "sk"));
  }
};

TEST_F(WhereTest, EachItemIsInTheTargetThatTakesIt) {
  make_shop();
  EXPECT_THAT(run(kThree, {"bootstrap"}), AllOf(HasSubstr("created"), Not(HasSubstr("tombstone"))));

  run(kThree, {"replicate", "--once"});

  EXPECT_EQ(items(), "customers PROFILE, orders SALE#1, quotes SALE#2");
  EXPECT_EQ(rows("customers", "customer, name"), "1 Ada");
  EXPECT_EQ(rows("orders", "total, kind"), "1 order");
  run(kThree, {"compare"});
}

TEST_F(WhereTest, ColumnsAreOfTheAttributesThatTheTargetsItemsHave) {
  make_shop();

  run(kThree, {"bootstrap"});

  const auto columns = [&](const std::string& table) {
    return query(
        fmt::format("SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute "
                    "WHERE attrelid = '{}.{}'::regclass AND attnum > 0 AND attname !~ '^_' "
                    "AND attname !~ 'time$'",
                    schema(), table));
  };
  EXPECT_EQ(columns("customers"), "pk sk customer name");
  EXPECT_EQ(columns("orders"), "pk sk kind total");
}

class WhereByStream : public WhereTest, public testing::WithParamInterface<const char*> {};

TEST_P(WhereByStream, AnItemThatChangesItsEntityChangesItsTable) {
  make_shop(GetParam());
  run(kThree, {"replicate", "--once"});

  put_sale("2", "order");
  put_sale("1", "cancelled");
  put_sale("3", "quote");
  run(kThree, {"replicate", "--once"});

  EXPECT_EQ(items(), "customers PROFILE, orders SALE#2, quotes SALE#3");
  put_sale("1", "quote");
  remove("SALE#2");
  remove("PROFILE");
  run(kThree, {"replicate", "--once"});
  EXPECT_EQ(items(), "customers , orders , quotes SALE#1; SALE#3");
  run(kThree, {"compare"});
}

INSTANTIATE_TEST_SUITE_P(Views, WhereByStream,
                         testing::Values("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "KEYS_ONLY"),
                         [](const auto& info) { return std::string{info.param}; });

TEST_F(WhereTest, WhatAStreamWithoutOldImagesCostsIsSaid) {
  make_shop("NEW_IMAGE");
  const auto says_costs = AllOf(
      HasSubstr("\"orders\": its `where` names attributes that are not of the key, and the stream "
                "is NEW_IMAGE: each change of an item that is not taken costs a remove"),
      HasSubstr("\"quotes\": its `where`"), Not(HasSubstr("\"customers\": its `where`")));

  EXPECT_THAT(run(kThree, {"bootstrap", "--dry-run"}), says_costs);
  EXPECT_THAT(run(kThree, {"bootstrap"}), says_costs);
  EXPECT_THAT(run(kThree, {"bootstrap"}), AllOf(HasSubstr("unchanged"), says_costs));
}

TEST_F(WhereTest, AChangedClauseIsPlannedInWordsAndFilledByAPass) {
  make_shop();
  run(kThree, {"replicate", "--once"});
  const std::string all_sales = std::string{kCustomers} +
                                "[[table.target]]\ninto = 'orders'\nlayout = 'columns'\nwhere = "
                                "\"begins_with(sk, 'SALE#')\"\n" +
                                "[[table.target]]\ninto = 'quotes'\nwhere = \"sk = 'SALE#9'\"\n";

  EXPECT_THAT(run(all_sales, {"replicate", "--once"}), HasSubstr("another mapping"));
  EXPECT_EQ(items(), "customers PROFILE, orders SALE#1, quotes SALE#2");
  EXPECT_THAT(run(all_sales, {"bootstrap", "--dry-run"}),
              AllOf(HasSubstr("\"orders\": `where` has changed: a pass writes the items that it "
                              "takes now, and removes"),
                    HasSubstr("\"quotes\": `where` has changed"), HasSubstr("since_epoch")));
  EXPECT_THAT(run(all_sales, {"bootstrap"}),
              AllOf(HasSubstr("changed"), HasSubstr("\"orders\": `where` has changed")));
  EXPECT_EQ(targets_that_need_a_pass(), fmt::format("{0}.orders, {0}.quotes", schema()));
  EXPECT_EQ(items(), "customers PROFILE, orders SALE#1, quotes SALE#2");

  run(all_sales, {"replicate", "--once"});

  EXPECT_EQ(targets_that_need_a_pass(), "");
  EXPECT_EQ(items(), "customers PROFILE, orders SALE#1; SALE#2, quotes ");
  run(all_sales, {"compare"});
}

TEST_F(WhereTest, TargetsWithClausesComeGoAndGetOtherNames) {
  make_shop();
  run(std::string{kCustomers} + kOrders, {"replicate", "--once"});

  EXPECT_THAT(run(kThree, {"bootstrap"}), HasSubstr("\"quotes\" is added, its table is made"));
  run(kThree, {"replicate", "--once"});
  EXPECT_EQ(items(), "customers PROFILE, orders SALE#1, quotes SALE#2");

  const std::string renamed =
      "[[table.target]]\ninto = 'offers'\nwhere = \"begins_with(sk, 'SALE#') AND kind = "
      "'quote'\"\n";
  EXPECT_THAT(run(std::string{kCustomers} + renamed, {"bootstrap", "--drop-targets"}),
              AllOf(HasSubstr("\"offers\" is added"), HasSubstr("\"quotes\" is let go"),
                    HasSubstr("\"orders\" is let go")));
  put_sale("1", "quote");
  run(std::string{kCustomers} + renamed, {"replicate", "--once"});

  EXPECT_EQ(rows("offers", "sk", "sk"), "SALE#1; SALE#2");
  EXPECT_EQ(items(), "customers PROFILE, orders SALE#1, quotes SALE#2");
  run(std::string{kCustomers} + renamed, {"compare"});
}

TEST_F(WhereTest, RecordedEventsAreRoutedToo) {
  make_shop();
  run(kThree, {"snapshot"});
  const std::string stream_arn = source_.api().describe_table(table_).latest_stream_arn;
  const std::string event = testing::TempDir() + table_ + ".json";
  std::ofstream{event} << fmt::format(
      R"({{"Records":[{{"eventID":"1","eventName":"MODIFY","eventVersion":"1.1",)"
      R"("eventSource":"aws:dynamodb","awsRegion":"us-east-1","eventSourceARN":"{}","dynamodb":{{)"
      R"("ApproximateCreationDateTime":1,"SequenceNumber":"99999999999999999999","SizeBytes":1,)"
      R"("StreamViewType":"KEYS_ONLY",)"
      R"("Keys":{{"pk":{{"S":"CUST#1"}},"sk":{{"S":"SALE#2"}}}}}}}}]}})",
      stream_arn);
  put_sale("2", "order");

  run(kThree, {"apply", event});

  EXPECT_EQ(items(), "customers PROFILE, orders SALE#1; SALE#2, quotes ");
  std::filesystem::remove(event);
}

}  // namespace
}  // namespace dynamite::test
