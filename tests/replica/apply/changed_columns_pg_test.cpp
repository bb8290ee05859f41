#include <gmock/gmock.h>

#include "support/errors.hpp"
#include "support/replica.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;

struct ChangedColumn {
  std::string name, sql, message, hint;
};

/// A DBA changes a column of a replica in layout `columns` that is written to.
class ChangedColumnTest : public ReplicaTest, public testing::WithParamInterface<ChangedColumn> {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (HasFatalFailure()) return;
    connection.emplace(connect());
    Replica wanted = wanted_replica(keys(KeyType::S), "orders");
    wanted.targets = {new_target(
        state_schema(), schema(), "orders", keys(KeyType::S),
        {.rules = {.layout = LayoutKind::columns},
         .columns = {{.name = "v", .type = ColumnType::text, .from = AttributePath::of("v")}}})};
    orders = make_replica(wanted);
  }
};

TEST_P(ChangedColumnTest, IsTheUsersToMendAndNoRecordIsToBlame) {
  query(GetParam().sql);

  const Error error = error_of([&] {
    apply({put_item(R"({"pk":{"S":"a"}})", 1), put("b", 2, "long enough")});
  });

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  EXPECT_THAT(error.hint(), HasSubstr(GetParam().hint));
  EXPECT_EQ(dead_letters(), "");
}

INSTANTIATE_TEST_SUITE_P(
    , ChangedColumnTest,
    testing::Values(ChangedColumn{"Dropped", "ALTER TABLE orders DROP COLUMN v",
                                  "the column \"v\" of the replica", "ADD COLUMN \"v\" text"},
                    ChangedColumn{"OfAnotherType",
                                  "ALTER TABLE orders ALTER COLUMN v TYPE date USING NULL",
                                  "is date, wanted: text", "ALTER COLUMN \"v\" TYPE text"},
                    ChangedColumn{"TooShort", "ALTER TABLE orders ALTER COLUMN v TYPE varchar(3)",
                                  "is character varying(3)", "ALTER COLUMN \"v\" TYPE text"},
                    ChangedColumn{"NotNull", "ALTER TABLE orders ALTER COLUMN v SET NOT NULL",
                                  "is NOT NULL, wanted: a column that may be NULL",
                                  "ALTER COLUMN \"v\" DROP NOT NULL"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace dynamite::test
