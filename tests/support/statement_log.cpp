#include "support/statement_log.hpp"

#include <cstdlib>
#include <fstream>
#include <regex>
#include <stdexcept>

namespace dynamite::test {
namespace {

/// A line that goes on begins with a tab.
std::vector<std::string> entries_of(const std::string& log) {
  std::vector<std::string> entries;
  std::ifstream file{log};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('\t') && !entries.empty())
      entries.back() += "\n" + line.substr(1);
    else
      entries.push_back(line);
  }
  return entries;
}

}  // namespace

std::vector<Executed> logged_statements(const std::string& role) {
  static const std::regex kStatement{R"(LOG:  (?:statement|execute ([^:]+)): ([\s\S]*))"};
  const char* const data = std::getenv("DYNAMITE_TEST_PG_DATA");
  if (data == nullptr) throw std::runtime_error{"DYNAMITE_TEST_PG_DATA is not set"};
  std::vector<Executed> statements;
  for (const std::string& entry : entries_of(std::string{data} + "/../postgresql.log")) {
    std::smatch match;
    if (entry.find("] " + role + " LOG:") == entry.npos ||
        !std::regex_search(entry, match, kStatement))
      continue;
    const std::string name = match[1];
    statements.push_back({name == "<unnamed>" ? "" : name, match[2]});
  }
  return statements;
}

}  // namespace dynamite::test
