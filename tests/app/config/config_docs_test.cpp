#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "app/config/config.hpp"
#include "app/config/keys.hpp"
#include "core/lower_case.hpp"

namespace dynamite {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

std::string read_doc(const char* name) {
  std::ifstream stream{std::string{DYNAMITE_TESTDATA "/../../docs/"} + name};
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>{stream}, {}};
}

struct DocumentedKey {
  std::string name;
  std::string default_value;
};

/// The rows | `key` | default | … | between two marks of docs/configuration.md.
std::vector<DocumentedKey> documented_keys(const std::string& from, const std::string& to) {
  const auto text = read_doc("configuration.md");
  const auto begin = text.find(from);
  const auto section = text.substr(begin, text.find(to, begin) - begin);
  const std::regex row{"\n\\| `([a-z_]+)` \\| ([^|]+) \\|"};
  std::vector<DocumentedKey> keys;
  for (std::sregex_iterator match{section.begin(), section.end(), row}, end; match != end;
       ++match) {
    keys.push_back({(*match)[1], (*match)[2]});
  }
  return keys;
}

std::vector<std::string> names(const std::vector<DocumentedKey>& keys) {
  std::vector<std::string> result;
  for (const auto& key : keys) result.push_back(key.name);
  return result;
}

TEST(ConfigurationDoc, NamesExactlyTheKeysThatExist) {
  EXPECT_THAT(names(documented_keys("## Keys", "Of a `[[table]]`")),
              UnorderedElementsAreArray(top_level_keys()));
  EXPECT_THAT(names(documented_keys("Of a `[[table]]`", "## The URL")),
              UnorderedElementsAreArray(table_keys()));
}

TEST(ConfigurationDoc, DefaultsAreThoseOfTheProgram) {
  const Config defaults;
  std::map<std::string, std::string> expected{
      {"auth", defaults.auth == Auth::password ? "\"password\"" : "?"},
      {"schema", '"' + defaults.schema + '"'},
      {"state_schema", '"' + defaults.state_schema + '"'},
      {"create_tables", defaults.create_tables == CreateTables::automatic ? "\"auto\"" : "?"},
      {"grant_select", defaults.grant_select.empty() ? "[]" : "?"},
      {"report_batch_item_failures", defaults.report_batch_item_failures ? "true" : "false"},
      {"on_poison", defaults.on_poison == OnPoison::quarantine ? "\"quarantine\"" : "?"},
      {"on_gap", defaults.on_gap == OnGap::resnapshot ? "\"resnapshot\"" : "?"},
      {"max_dead_letters", std::to_string(defaults.max_dead_letters)},
      {"idle_poll_max", '"' + std::to_string(defaults.idle_poll_max.count() / 1000) + "s\""},
      {"max_bytes_in_flight", std::to_string(defaults.max_bytes_in_flight)},
      {"connections", std::to_string(defaults.connections)}};
  for (const auto& key : documented_keys("## Keys", "Of a `[[table]]`")) {
    const auto found = expected.find(key.name);
    if (found == expected.end()) continue;

    EXPECT_EQ(key.default_value, '`' + found->second + '`') << key.name;
    expected.erase(found);
  }
  EXPECT_TRUE(expected.empty()) << expected.begin()->first;
}

TEST(ConfigurationDoc, NamesTheEndpointOfEveryService) {
  const std::string text = read_doc("configuration.md");
  for (const ServiceFacts& service : kServices) {
    const std::string name{service.setting_name};
    EXPECT_THAT(text, HasSubstr("`AWS_ENDPOINT_URL_" + name + "`"));
    EXPECT_THAT(text, HasSubstr("`" + lower_case(name) + "`"));
  }
}

}  // namespace
}  // namespace dynamite
