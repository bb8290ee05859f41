#include "app/config/file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace dynamite {
namespace {

std::string line_of(const toml::source_region& region, const std::string& name) {
  return fmt::format("{}:{}", name, region.begin.line);
}

SettingValue value_of(const toml::node& node, const std::string& name);

/// In the order of the file.
std::vector<Setting> settings_of(const toml::table& table, const std::string& name) {
  std::vector<std::pair<toml::source_position, Setting>> found;
  for (const auto& [key, node] : table)
    found.push_back({key.source().begin,
                     {line_of(key.source(), name), std::string{key.str()}, value_of(node, name)}});
  std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Setting> settings;
  for (auto& [place, setting] : found) settings.push_back(std::move(setting));
  return settings;
}

SettingValue value_of(const toml::node& node, const std::string& name) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* table = node.as_table()) return TableValue{settings_of(*table, name)};
  const auto* array = node.as_array();
  if (array == nullptr) return OtherValue{"a date or time"};
  if (array->is_homogeneous<toml::table>()) {
    TablesValue tables;
    for (const auto& element : *array)
      tables.tables.push_back({settings_of(*element.as_table(), name)});
    return tables;
  }
  std::vector<std::string> list;
  for (const auto& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) return OtherValue{"a list of other things than strings"};
    list.push_back(text->get());
  }
  return list;
}

void read_tables(const toml::node& node, const std::string& name, FileSettings& into) {
  const auto* array = node.as_array();
  if (array == nullptr || !array->is_homogeneous<toml::table>()) {
    into.problems.push_back(fmt::format("{}: table is {}, wanted one [[table]] for each table",
                                        line_of(node.source(), name),
                                        printable(value_of(node, name))));
    return;
  }
  for (const auto& element : *array) into.tables.push_back(settings_of(*element.as_table(), name));
}

std::optional<toml::table> parse(std::string_view text, const std::string& name,
                                 FileSettings& into) {
  // toml++ has no other way to say what is wrong when it is built with exceptions, as in Debian.
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    // The description may quote what it saw, which may be a URL without quotes around it.
    into.problems.push_back(
        fmt::format("{}: not TOML at column {}, wanted key = value, with quotes "
                    "around text",
                    line_of(error.source(), name), error.source().begin.column));
    return std::nullopt;
  }
}

}  // namespace

FileSettings read_settings(std::string_view toml, const std::string& name) {
  FileSettings result;
  auto root = parse(toml, name, result);
  if (!root) return result;
  if (const auto* tables = root->get("table")) {
    read_tables(*tables, name, result);
    root->erase("table");
  }
  result.settings = settings_of(*root, name);
  return result;
}

}  // namespace dynamite
