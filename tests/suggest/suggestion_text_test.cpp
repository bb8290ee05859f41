#include "suggest/suggestion_text.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "suggest/sample.hpp"

namespace dynamite {
namespace {

using test::n;
using test::s;
using test::Sample;
using testing::HasSubstr;
using testing::Not;

Sample orders() {
  Sample sample{"pk", "sk"};
  sample.add({s("pk", "CUST#1"), s("sk", "PROFILE"), s("name", "Ann"), n("ttl", "1714557600")});
  sample.add({s("pk", "CUST#2"), s("sk", "PROFILE"), n("name", "2")});
  sample.add(
      {s("pk", "CUST#1"), s("sk", "ORDER#1"), n("total", "5"), s("order date", "2024-01-31")});
  sample.add({s("pk", "CUST#1"), s("sk", "ORDER#2"), n("total", "5")});
  sample.add({s("pk", "CUST#2"), s("sk", "ORDER#3"), n("total", "5")});
  return sample;
}

constexpr std::string_view kOrders{R"toml(# 5 items sampled: exactly one target takes each
[[table]]
name = "shop"

[[table.target]]
# takes 3 items of 5 sampled
# attributes: order date S (1), total N
into = "orders"
where = "begins_with(pk, 'CUST#') AND begins_with(sk, 'ORDER#')"
layout = "columns"
column_names = "snake_case"

[table.target.columns]
customer_id = { from = "pk", take = "CUST#{}" }
order_id = { from = "sk", take = "ORDER#{}" }
order_date = { from = "order date", type = "date" }

[[table.target]]
# takes 2 items of 5 sampled
# attributes: ttl N (1)
# several types: name: S in 1 item, N in 1 item
into = "customers"
where = "begins_with(pk, 'CUST#') AND sk = 'PROFILE'"
layout = "columns"
column_names = "snake_case"

[table.target.columns]
customer_id = { from = "pk", take = "CUST#{}" }
ttl = { type = "timestamptz", unit = "s" }
)toml"};

TEST(SuggestionText, IsASectionOfTheConfiguration) {
  EXPECT_EQ(to_toml(orders().suggestion()), kOrders);
}

TEST(SuggestionText, HasNoClauseForAnOnlyTarget) {
  Sample sample{"pk"};
  sample.add({s("pk", "1")});

  EXPECT_THAT(to_toml(sample.suggestion()), Not(HasSubstr("where")));
}

TEST(SuggestionText, IsTheSameWhateverTheOrderOfTheItems) {
  const Sample sample = orders();
  std::vector<std::string_view> images{sample.images().begin(), sample.images().end()};
  std::ranges::reverse(images);

  EXPECT_EQ(to_toml(suggest("shop", images, sample.key_schema())), to_toml(sample.suggestion()));
}

TEST(SuggestionText, EscapesWhatItQuotes) {
  Sample sample{"pk\\\"\\n", "sk"};
  sample.add({s("pk", "1"), s("sk", "1"), s("a\\nb\\u0001", "x")});
  Suggestion suggestion = sample.suggestion("a\"b\\");
  suggestion.targets.front().where = "\"a\nb\" = 'x'";

  const std::string text = to_toml(suggestion);

  EXPECT_THAT(text, HasSubstr("name = \"a\\\"b\\\\\"\n"));
  EXPECT_THAT(text, HasSubstr("where = \"\\\"a\\u000Ab\\\" = 'x'\"\n"));
  EXPECT_THAT(text, HasSubstr("# attributes: a\\nb\\x01 S"));
}

TEST(SuggestionText, SaysWhatNoTargetTakesAndWhatCannotBeRead) {
  const Suggestion suggestion{.table = "shop",
                              .items = 3,
                              .malformed = 1,
                              .taken_by_one = 2,
                              .targets = {{.into = "shop", .where = "a = 1", .items = 2}}};

  const std::string text = to_toml(suggestion);

  EXPECT_THAT(text, HasSubstr("# 3 items sampled; 1 item not taken by exactly one target\n"));
  EXPECT_THAT(text, HasSubstr("# 1 item beside, which cannot be read\n"));
}

/// What stands between ``` and ``` behind the name of a language; the first such block.
std::string block_of(const std::string& doc, const std::string& language) {
  const std::string fence = "```" + language + "\n";
  const std::size_t begin = doc.find(fence) + fence.size();
  return doc.substr(begin, doc.find("```", begin) - begin);
}

TEST(SuggestionText, IsWhatTheDocumentShowsForItsItems) {
  std::ifstream stream{DYNAMITE_TESTDATA "/../../docs/mapping.md"};
  const std::string doc{std::istreambuf_iterator<char>{stream}, {}};
  std::istringstream lines{block_of(doc, "json")};
  std::vector<std::string> items;
  for (std::string line; std::getline(lines, line);) items.push_back(line);
  const std::vector<std::string_view> images{items.begin(), items.end()};
  const KeySchema keys{.partition = {.name = "pk"}, .sort = KeyAttribute{.name = "sk"}};

  EXPECT_EQ(to_toml(suggest("shop", images, keys)), block_of(doc, "toml"));

  EXPECT_GE(items.size(), 9U);
}

}  // namespace
}  // namespace dynamite
