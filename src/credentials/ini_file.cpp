#include "credentials/ini_file.hpp"

#include <fstream>

#include "core/lower_case.hpp"

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

/// `profile NAME` of `[ profile  "NAME" ]`.
std::string section_name(const std::string& line) {
  const std::string inside = trimmed(line.substr(1, line.find(']') - 1));
  const std::size_t blank = inside.find_first_of(" \t");
  if (blank == inside.npos) return inside;
  std::string name = trimmed(inside.substr(blank));
  if (name.size() > 1 && name.front() == '"' && name.back() == '"')
    name = name.substr(1, name.size() - 2);
  return inside.substr(0, blank) + " " + name;
}

}  // namespace

std::optional<IniFile> read_ini_file(const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::nullopt;
  IniFile sections;
  std::string section, outer;
  std::string line;
  while (std::getline(file, line)) {
    const bool nested = line.starts_with(' ') || line.starts_with('\t');
    line = trimmed(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (!nested && line.front() == '[') {
      section = section_name(line);
      sections[section];
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == line.npos) continue;
    const std::string key = lower_case(trimmed(line.substr(0, equals)));
    if (!nested) outer = key;
    sections[section][nested ? outer + "." + key : key] =
        without_comment(trimmed(line.substr(equals + 1)));
  }
  return sections;
}

}  // namespace dynamite
