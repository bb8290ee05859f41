#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <span>

#include "app/config/config.hpp"
#include "app/config/config_fixture.hpp"
#include "app/config/file.hpp"
#include "app/config/keys.hpp"
#include "core/lower_case.hpp"

namespace dynamite {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
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
  EXPECT_THAT(names(documented_keys("Of a `[[table]]`", "### Declared columns")),
              UnorderedElementsAreArray(table_names()));
  EXPECT_THAT(names(documented_keys("Of a `[[table.target]]`", "### Declared columns")),
              UnorderedElementsAreArray(target_names()));
}

/// `text` as it would stand behind a key of a file.
SettingValue value_of(const std::string& text) {
  const FileSettings file = read_settings("key = " + text, "test");
  EXPECT_THAT(file.problems, IsEmpty()) << text;
  return file.settings.at(0).value;
}

/// A value of each key that is not its default, as in a file.
const std::map<std::string_view, std::string> kOtherValues{{"auth", "'rds-iam'"},
                                                           {"secret", "'name'"},
                                                           {"hash_key", "'0123456789abcdef'"},
                                                           {"hash_key_secret", "'hash'"},
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

/// The same for a [[table]] and a [[table.target]].
const std::map<std::string_view, std::string> kOtherTableValues{{"name", "'Orders'"},
                                                                {"into", "'sales.orders'"},
                                                                {"layout", "'columns'"},
                                                                {"only", "['total']"},
                                                                {"omit", "['password*']"},
                                                                {"hash", "['email']"},
                                                                {"removed", "'keep'"},
                                                                {"expired", "'keep'"},
                                                                {"new_columns", "false"},
                                                                {"max_columns", "7"},
                                                                {"column_names", "'snake_case'"},
                                                                {"history", "true"},
                                                                {"history_keep", "'90d'"}};

using OtherValues = std::map<std::string_view, std::string>;

template <class Into>
void expect_members_of_their_own(std::span<const Key<Into>> keys, const OtherValues& values) {
  std::vector<Into> read;
  for (const Key<Into>& key : keys) {
    Into into;
    ASSERT_TRUE(values.contains(key.name)) << key.name;

    ASSERT_TRUE(key.read(value_of(values.at(key.name)), into)) << key.name;

    EXPECT_NE(into, Into{}) << key.name;
    EXPECT_EQ(std::ranges::find(read, into), read.end()) << key.name;
    read.push_back(std::move(into));
  }
}

TEST(ConfigKeys, EachIsReadIntoAMemberOfItsOwn) {
  expect_members_of_their_own(config_keys(), kOtherValues);
  expect_members_of_their_own(table_keys(), kOtherTableValues);
  expect_members_of_their_own(target_keys(), kOtherTableValues);
}

/// Key::read of what is documented as default, behind another value. Returns the keys of which none
/// is documented.
template <class Into>
std::vector<std::string_view> expect_defaults(std::span<const Key<Into>> keys,
                                              const OtherValues& values,
                                              const std::vector<DocumentedKey>& documented) {
  std::vector<std::string_view> without_default;
  for (const Key<Into>& key : keys) {
    const auto row = std::ranges::find(documented, key.name, &DocumentedKey::name);
    EXPECT_NE(row, documented.end()) << key.name;
    if (row == documented.end()) continue;
    const std::string& text = row->default_value;
    if (!text.starts_with('`') || !text.ends_with('`')) {
      without_default.push_back(key.name);
      continue;
    }
    Into into;
    EXPECT_TRUE(key.read(value_of(values.at(key.name)), into)) << key.name;

    EXPECT_TRUE(key.read(value_of(text.substr(1, text.size() - 2)), into)) << key.name;

    EXPECT_EQ(into, Into{}) << key.name;
  }
  return without_default;
}

TEST(ConfigurationDoc, DefaultsAreThoseOfTheProgram) {
  EXPECT_THAT(
      expect_defaults(config_keys(), kOtherValues, documented_keys("## Keys", "Of a `[[table]]`")),
      UnorderedElementsAre("secret", "hash_key", "hash_key_secret", "ca_file", "region",
                           "max_read_units", "segments"));
  EXPECT_THAT(expect_defaults(table_keys(), kOtherTableValues,
                              documented_keys("Of a `[[table]]`", "### Declared columns")),
              UnorderedElementsAre("name"));
  EXPECT_THAT(expect_defaults(target_keys(), kOtherTableValues,
                              documented_keys("Of a `[[table.target]]`", "### Declared columns")),
              UnorderedElementsAre("into", "only"));
}

TEST_F(ConfigTest, TheDocumentedTablesAreRead) {
  const std::regex example{"```toml\n((?:#[^\n]*\n)?\\[\\[table\\]\\][^`]*)```"};
  for (const char* doc : {"configuration.md", "columns.md", "mapping.md"}) {
    const std::string text = read_doc(doc);
    int examples = 0;
    for (std::sregex_iterator match{text.begin(), text.end(), example}, end; match != end;
         ++match) {
      EXPECT_THAT(load(kTwoKeys + (*match)[1].str()).tables, Not(IsEmpty())) << match->str();
      ++examples;
    }
    EXPECT_GE(examples, 2) << doc;
  }
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
