#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>

#include "app/cli/command_line.hpp"
#include "app/commands/commands.hpp"

namespace dynamite {
namespace {

std::string read_doc(const char* name) {
  std::ifstream stream{std::string{DYNAMITE_TESTDATA "/../../docs/"} + name};
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// "--once" and its kin in the help of `words`.
std::vector<std::string> options_in_help(std::vector<const char*> words) {
  words.push_back("--help");
  testing::internal::CaptureStdout();
  parse_command_line(
      static_cast<int>(words.size()), words.data(), [](std::string_view) { return std::nullopt; },
      commands());
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
  for (const Command& command : commands())
    end = std::min(end, page.find(man_heading(command.name), begin + 1));
  return page.substr(begin, end - begin);
}

bool mentions(const std::string& section, const std::string& option) {
  return std::regex_search(section, std::regex{"[ \n]" + option + "( \"|\n| )"});
}

TEST(ManPage, DescribesEveryOptionOfEveryCommand) {
  for (const Command& command : commands()) {
    const auto section = man_section(man_heading(command.name));
    EXPECT_NE(section, "") << command.name;
    for (const auto& option : options_in_help({"dynamite", command.name})) {
      if (option == "--help") continue;
      EXPECT_TRUE(mentions(section, option)) << command.name << " " << option << "\n" << section;
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
  for (const Command& command : commands())
    for (auto& option : options_in_help({"dynamite", command.name})) existing.push_back(option);
  const auto page = man_page();
  const std::regex option{"--[a-z-]+"};
  for (std::sregex_iterator match{page.begin(), page.end(), option}, end; match != end; ++match) {
    EXPECT_THAT(existing, testing::Contains(match->str()));
  }
}

}  // namespace
}  // namespace dynamite
