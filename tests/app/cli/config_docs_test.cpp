#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "app/cli/command_line.hpp"
#include "app/config/config.hpp"
#include "app/config/keys.hpp"

namespace dynamite {
namespace {

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

/// "--once" and its kin in the help of `words`.
std::vector<std::string> options_in_help(std::vector<const char*> words) {
  words.push_back("--help");
  testing::internal::CaptureStdout();
  parse_command_line(static_cast<int>(words.size()), words.data(),
                     [](std::string_view) { return std::nullopt; });
  const auto help = testing::internal::GetCapturedStdout();
  const auto begin = help.find("\nOptions:\n");
  const auto section = help.substr(begin, help.find("\n\n", begin + 1) - begin);
  const std::regex option{"--[a-z-]+"};
  std::vector<std::string> options;
  for (std::sregex_iterator match{section.begin(), section.end(), option}, end; match != end;
       ++match) {
    options.push_back(match->str());
  }
  return options;
}

constexpr const char* kCommands[] = {"bootstrap", "verifydb", "snapshot", "replicate",
                                     "lambda",    "apply",    "release",  "compare",
                                     "status",    "load",     "package",  "dead-letters"};

std::string man_page() {
  return std::regex_replace(read_doc("dynamite.1"), std::regex{"\\\\-"}, "-");
}

std::string man_heading(const std::string& command) {
  if (command == "dead-letters") return "\n.TP\n.BR dead-letters ";
  return command == "apply" ? "\n.TP\n.BI apply \"" : "\n.TP\n.B " + command + "\n";
}

/// From `heading` to the next command or section.
std::string man_section(const std::string& heading) {
  const auto page = man_page();
  const auto begin = page.find(heading);
  if (begin == std::string::npos) return {};
  auto end = page.find("\n.SH ", begin + 1);
  for (const char* command : kCommands) {
    end = std::min(end, page.find(man_heading(command), begin + 1));
  }
  return page.substr(begin, end - begin);
}

bool mentions(const std::string& section, const std::string& option) {
  return std::regex_search(section, std::regex{"[ \n]" + option + "( \"|\n| )"});
}

TEST(ManPage, DescribesEveryOptionOfEveryCommand) {
  for (const std::string command : kCommands) {
    const auto section = man_section(man_heading(command));
    EXPECT_NE(section, "") << command;
    for (const auto& option : options_in_help({"dynamite", command.c_str()})) {
      if (option == "--help") continue;
      EXPECT_TRUE(mentions(section, option)) << command << " " << option << "\n" << section;
    }
  }
}

TEST(ManPage, DescribesEveryGlobalOption) {
  const auto options = options_in_help({"dynamite"});
  EXPECT_GE(options.size(), 8U);
  const auto section = man_section("\n.SH OPTIONS\n");
  for (const auto& option : options) EXPECT_TRUE(mentions(section, option)) << option;
}

TEST(ManPage, DescribesNoOptionThatDoesNotExist) {
  std::vector<std::string> existing = options_in_help({"dynamite"});
  for (const char* command : kCommands) {
    for (auto& option : options_in_help({"dynamite", command})) existing.push_back(option);
  }
  const auto page = man_page();
  const std::regex option{"--[a-z-]+"};
  for (std::sregex_iterator match{page.begin(), page.end(), option}, end; match != end; ++match) {
    EXPECT_THAT(existing, testing::Contains(match->str()));
  }
}

}  // namespace
}  // namespace dynamite
