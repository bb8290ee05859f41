#include "suggest/target_columns.hpp"

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "suggest/sample.hpp"

namespace dynamite {
namespace {

using test::n;
using test::s;
using test::Sample;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

/// The columns of the only target: name, path, pattern, type and unit.
std::vector<std::string> columns(const Sample& sample) {
  const Suggestion suggestion = sample.suggestion();
  EXPECT_EQ(suggestion.targets.size(), 1);
  std::vector<std::string> columns;
  for (const AttributeColumn& column : suggestion.targets.front().columns)
    columns.push_back(fmt::format("{} {} {} {} {}", column.name, column.from.text(),
                                  column.take ? column.take->text() : "-", type_name(column.type),
                                  static_cast<int>(column.unit)));
  return columns;
}

std::vector<std::string> columns_of(std::vector<std::vector<test::Attribute>> items) {
  Sample sample{"pk"};
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].push_back(s("pk", std::to_string(i)));
    sample.add(items[i]);
  }
  return columns(sample);
}

TEST(TargetColumns, TakePartsOfKeys) {
  Sample sample{"pk", "sk"};
  sample.add({s("pk", "CUST#ann"), s("sk", "ORDER#1#ITEM#7")});
  sample.add({s("pk", "CUST#bob"), s("sk", "ORDER#2#ITEM#8")});

  EXPECT_THAT(columns(sample),
              ElementsAre("customer_id pk CUST#{} text 0", "order_id sk ORDER#{}#ITEM#* text 0",
                          "item_id sk ORDER#*#ITEM#{} text 0"));
}

TEST(TargetColumns, TakeNoPartThatAnAttributeHas) {
  Sample sample{"pk"};
  sample.add({s("pk", "CUST#ann"), s("customerId", "ann")});
  sample.add({s("pk", "CUST#bob"), s("customerId", "bob")});

  EXPECT_THAT(columns(sample), IsEmpty());
}

TEST(TargetColumns, TakeThePartOnceThatBothKeysHave) {
  Sample sample{"pk", "sk"};
  sample.add({s("pk", "REPO#a"), s("sk", "REPO#a")});

  EXPECT_THAT(columns(sample), ElementsAre("repo_id pk REPO#{} text 0"));
}

TEST(TargetColumns, KnowATimeInAKey) {
  Sample sample{"pk", "sk"};
  sample.add({s("pk", "a"), s("sk", "LOGIN#2024-05-01T10:00:00Z")});

  EXPECT_THAT(columns(sample), ElementsAre("login_time sk LOGIN#{} timestamptz 0"));
}

TEST(TargetColumns, KnowTimesInTexts) {
  EXPECT_THAT(columns_of({{s("joinedAt", "2024-05-01T10:00:00.123Z"), s("birthday", "1990-02-28")},
                          {s("joinedAt", "2024-05-01T10:00:00+02:00")}}),
              ElementsAre("birthday birthday - date 0", "joined_at joinedAt - timestamptz 0"));
}

TEST(TargetColumns, LeaveTextsThatAreNotAllTimes) {
  EXPECT_THAT(columns_of({{s("joinedAt", "2024-05-01T10:00:00Z")}, {s("joinedAt", "yesterday")}}),
              IsEmpty());
}

TEST(TargetColumns, LeaveTimesOfSeveralTypes) {
  EXPECT_THAT(columns_of({{s("joinedAt", "2024-05-01T10:00:00Z")}, {n("joinedAt", "1714557600")}}),
              IsEmpty());
}

TEST(TargetColumns, KnowSecondsMillisecondsAndMicroseconds) {
  EXPECT_THAT(columns_of({{n("ttl", "1714557600"), n("createdAt", "1714557600123"),
                           n("seen_at", "1714557600123456"), n("startTime", "1714557600.5")}}),
              ElementsAre("created_at createdAt - timestamptz 2", "seen_at seen_at - timestamptz 3",
                          "start_time startTime - timestamptz 1", "ttl ttl - timestamptz 1"));
}

TEST(TargetColumns, LeaveNumbersThatAreNoTimes) {
  EXPECT_THAT(columns_of({{n("views", "1714557600"), n("runtime", "90"), n("updatedAt", "0")}}),
              IsEmpty());
}

TEST(TargetColumns, HaveNamesThatAreFree) {
  EXPECT_THAT(columns_of({{s("modTime", "2024-05-01T10:00:00Z"), s("pk_", "1"),
                           s("xmin", "2024-05-01"), s("", "2024-05-01")}}),
              ElementsAre("mod_time_ modTime - timestamptz 0", "xmin_ xmin - date 0"));
}

}  // namespace
}  // namespace dynamite
