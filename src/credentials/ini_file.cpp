#include "credentials/ini_file.hpp"

#include <fstream>

namespace dynamite {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// A comment behind a value needs a blank before its sign: secrets may hold either.
std::string without_comment(const std::string& value) {
  for (std::size_t at = 1; at < value.size(); ++at) {
    const bool sign = value[at] == '#' || value[at] == ';';
    const bool behind_blank = value[at - 1] == ' ' || value[at - 1] == '\t';
    if (sign && behind_blank) return trimmed(value.substr(0, at));
  }
  return value;
}

}  // namespace

std::optional<IniFile> read_ini_file(const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::nullopt;
  IniFile sections;
  std::string section;
  std::string line;
  while (std::getline(file, line)) {
    const bool nested = line.starts_with(' ') || line.starts_with('\t');
    line = trimmed(line);
    if (line.empty() || line.front() == '#' || line.front() == ';' || nested) continue;
    if (line.front() == '[') {
      section = trimmed(line.substr(1, line.find(']') - 1));
      sections[section];
      continue;
    }
    if (const std::size_t equals = line.find('='); equals != line.npos)
      sections[section][trimmed(line.substr(0, equals))] =
          without_comment(trimmed(line.substr(equals + 1)));
  }
  return sections;
}

}  // namespace dynamite
