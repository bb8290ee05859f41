#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "app/config/config.hpp"
#include "app/config/file.hpp"
#include "app/config/keys.hpp"
#include "core/lower_case.hpp"

namespace dynamite {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
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
              UnorderedElementsAreArray(top_level_names()));
  EXPECT_THAT(names(documented_keys("Of a `[[table]]`", "## The URL")),
              UnorderedElementsAreArray(table_names()));
}

/// `text` as it would stand behind a key of a file.
Value value_of(const std::string& text) {
  const FileSettings file = read_settings("key = " + text, "test");
  EXPECT_THAT(file.problems, IsEmpty()) << text;
  return file.settings.at(0).value;
}

/// A value of each key that is not its default, as in a file.
const std::map<std::string_view, std::string> kOtherValues{{"auth", "'rds-iam'"},
                                                           {"secret", "'name'"},
                                                           {"ca_file", "'rds.pem'"},
                                                           {"region", "'us-west-2'"},
                                                           {"schema", "'replicas'"},
                                                           {"state_schema", "'state'"},
                                                           {"on_poison", "'stop'"},
                                                           {"on_gap", "'stop'"},
                                                           {"report_batch_item_failures", "true"},
                                                           {"max_dead_letters", "5"},
                                                           {"create_tables", "'never'"},
                                                           {"grant_select", "['reader']"},
                                                           {"max_read_units", "12.5"},
                                                           {"segments", "16"},
                                                           {"idle_poll_max", "'500ms'"},
                                                           {"connections", "8"},
                                                           {"max_bytes_in_flight", "1048576"}};

TEST(ConfigKeys, EachIsReadIntoAMemberOfItsOwn) {
  std::vector<Config> read;
  for (const Key<Config>& key : config_keys()) {
    Config config;
    ASSERT_TRUE(kOtherValues.contains(key.name)) << key.name;

    ASSERT_TRUE(key.read(value_of(kOtherValues.at(key.name)), config)) << key.name;

    EXPECT_NE(config, Config{}) << key.name;
    EXPECT_EQ(std::ranges::find(read, config), read.end()) << key.name;
    read.push_back(std::move(config));
  }
}

/// Key::read of what is documented as default, behind another value.
TEST(ConfigurationDoc, DefaultsAreThoseOfTheProgram) {
  std::vector<std::string_view> without_default;
  const auto documented = documented_keys("## Keys", "Of a `[[table]]`");
  for (const Key<Config>& key : config_keys()) {
    const auto row = std::ranges::find(documented, key.name, &DocumentedKey::name);
    ASSERT_NE(row, documented.end()) << key.name;
    const std::string& text = row->default_value;
    if (!text.starts_with('`') || !text.ends_with('`')) {
      without_default.push_back(key.name);
      continue;
    }
    Config config;
    ASSERT_TRUE(key.read(value_of(kOtherValues.at(key.name)), config)) << key.name;

    EXPECT_TRUE(key.read(value_of(text.substr(1, text.size() - 2)), config)) << key.name;

    EXPECT_EQ(config, Config{}) << key.name;
  }
  EXPECT_THAT(without_default,
              UnorderedElementsAre("secret", "ca_file", "region", "max_read_units", "segments"));
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
