#include <fmt/format.h>
#include <gmock/gmock.h>

#include "replica/state/attributes.hpp"
#include "replica/state/catalogue_fixture.hpp"

namespace dynamite::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

AttributeColumn column(const std::string& name, ColumnType type) {
  return {.name = name, .type = type, .from = AttributePath::of(name)};
}

/// A test with the registered replica "orders" in layout `columns`, which has two of them.
class AttributeColumnsTest : public CatalogueTest {
 protected:
  void SetUp() override {
    CatalogueTest::SetUp();
    if (HasFatalFailure()) return;
    wanted = wanted_replica(keys(KeyType::S), "orders");
    const Mapping mapping{.rules = {.layout = LayoutKind::columns},
                          .columns = {column("total", ColumnType::numeric),
                                      column("odd \"tags\"", ColumnType::text_array)}};
    wanted.targets = {
        new_target(state_schema(), schema(), "orders", wanted.source->key_schema, mapping)};
    make_state();
    planner().execute(planner().plan_replica(wanted).sql);
    orders = catalogue().find(wanted.source->arn).value();
  }

  void note(const std::vector<AttributeNote>& notes) {
    connection->run(note_attributes_sql(state_schema()),
                    note_attributes_params(orders.targets.front(), notes));
  }
  std::string noted() {
    return query(
        fmt::format("SELECT name, type, share FROM {}.attribute ORDER BY 1, 2", state_schema()));
  }

  Replica wanted;
};

TEST_F(AttributeColumnsTest, TheTableHasThem) {
  EXPECT_EQ(columns_of("orders"),
            "pk text, total numeric, odd \"tags\" text[], _rest jsonb, _types jsonb, "
            "mod_time timestamp with time zone, create_time timestamp with time zone, "
            "_version numeric, _epoch integer");
}

TEST_F(AttributeColumnsTest, TheirCommentsSayTheAttributeAndItsType) {
  EXPECT_THAT(query("SELECT col_description('orders'::regclass, 2)"), HasSubstr("type N"));
  EXPECT_THAT(query("SELECT col_description('orders'::regclass, 3)"), HasSubstr("type SS"));
}

TEST_F(AttributeColumnsTest, TheCatalogueGivesTheMappingBack) {
  EXPECT_EQ(orders.targets.front().mapping, wanted.targets.front().mapping);
  EXPECT_THAT(planner().plan_replica(wanted).sql, IsEmpty());
}

TEST_F(AttributeColumnsTest, OneThatWasDroppedIsAnErrorThatSaysHowItComesBack) {
  query("ALTER TABLE orders DROP COLUMN total");

  const Error error = refusal_of(wanted);

  EXPECT_EQ(error.kind(), Error::Kind::usage);
  EXPECT_THAT(error.what(), HasSubstr("the column \"total\" of the replica"));
  EXPECT_THAT(error.what(), HasSubstr("is missing, wanted: numeric"));
  EXPECT_THAT(error.hint(), HasSubstr("ADD COLUMN \"total\" numeric, then `dynamite snapshot"));
}

TEST_F(AttributeColumnsTest, OneOfAnotherTypeIsAnErrorThatNamesBoth) {
  query("ALTER TABLE orders ALTER COLUMN total TYPE integer");

  const Error error = refusal_of(wanted);

  EXPECT_THAT(error.what(), HasSubstr("is integer, wanted: numeric"));
  EXPECT_THAT(error.hint(), HasSubstr("ALTER COLUMN \"total\" TYPE numeric"));
}

TEST_F(AttributeColumnsTest, OneThatTakesNoNullIsAnError) {
  query("ALTER TABLE orders ALTER COLUMN total SET NOT NULL");

  const Error error = refusal_of(wanted);

  EXPECT_THAT(error.what(), HasSubstr("is NOT NULL, wanted: a column that may be NULL"));
  EXPECT_THAT(error.hint(), HasSubstr("ALTER COLUMN \"total\" DROP NOT NULL"));
}

TEST_F(AttributeColumnsTest, AnAttributeIsNotedOnceForEachType) {
  const std::string name(65'000, 'n');
  note({{.name = "a", .type = "N"}, {.name = "a", .type = "S"}, {.name = name, .type = "M"}});
  note({{.name = "a", .type = "S"}, {.name = "quo\"te\n", .type = "NULL"}});

  EXPECT_EQ(noted(), fmt::format("a|N|NULL\na|S|NULL\n{}|M|NULL\nquo\"te\n|NULL|NULL", name));
}

TEST_F(AttributeColumnsTest, NotesGoWithTheReplica) {
  note({{.name = "a", .type = "N"}});

  planner().execute(planner().plan_drop(orders));

  EXPECT_EQ(noted(), "");
}

}  // namespace
}  // namespace dynamite::test
