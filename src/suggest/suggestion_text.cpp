#include "suggest/suggestion_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/visible.hpp"
#include "mapping/names.hpp"

namespace dynamite {
namespace {

constexpr std::size_t kLineMax = 100;

/// A basic string of TOML.
std::string toml_string(std::string_view text) {
  std::string quoted{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    else
      quoted += c;
  }
  return quoted + '"';
}

std::string toml_key(std::string_view name) {
  const auto is_bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  const bool all_bare = !name.empty() && std::ranges::all_of(name, is_bare);
  return all_bare ? std::string{name} : toml_string(name);
}

std::string items_text(std::size_t items) {
  return fmt::format("{} {}", items, items == 1 ? "item" : "items");
}

std::string column_line(const AttributeColumn& column) {
  std::vector<std::string> members;
  const std::string from = column.from.text();
  if (from != column.name) members.push_back("from = " + toml_string(from));
  if (column.take) members.push_back("take = " + toml_string(column.take->text()));
  if (column.type != ColumnType::text)
    members.push_back("type = " + toml_string(type_name(column.type)));
  if (column.unit != TimeUnit::none)
    members.push_back("unit = " + toml_string(name_of(column.unit)));
  return fmt::format("{} = {{ {} }}\n", toml_key(column.name), fmt::join(members, ", "));
}

/// Lines of a comment, of at most kLineMax bytes unless a part is longer.
std::string comment_of(std::string_view begin, const std::vector<std::string>& parts) {
  std::string text;
  std::string line = fmt::format("# {}", begin);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part = parts[i] + (i + 1 < parts.size() ? "," : "");
    if (line.size() + 1 + part.size() > kLineMax) {
      text += line + '\n';
      line = "#  ";
    }
    line += ' ' + part;
  }
  return text + line + '\n';
}

bool has_several_types(const AttributeSummary& attribute) { return attribute.types.size() > 1; }

std::string types_text(const AttributeSummary& attribute) {
  std::vector<std::string> types;
  for (const auto& [type, items] : attribute.types)
    types.push_back(fmt::format("{} in {}", name_of(type), items_text(items)));
  return fmt::format("{}: {}", visible(attribute.name), fmt::join(types, ", "));
}

std::string attribute_text(const AttributeSummary& attribute, std::size_t items) {
  const std::string text =
      fmt::format("{} {}", visible(attribute.name), name_of(attribute.types.begin()->first));
  return attribute.items == items ? text : fmt::format("{} ({})", text, attribute.items);
}

/// What the target's items consist of.
std::string comments_of(const SuggestedTarget& target, std::size_t sampled) {
  std::string text = fmt::format("# takes {} of {} sampled\n", items_text(target.items), sampled);
  std::vector<std::string> attributes;
  for (const AttributeSummary& attribute : target.attributes)
    if (!has_several_types(attribute))
      attributes.push_back(attribute_text(attribute, target.items));
  if (!attributes.empty()) text += comment_of("attributes:", attributes);
  for (const AttributeSummary& attribute : target.attributes)
    if (has_several_types(attribute))
      text += fmt::format("# several types: {}\n", types_text(attribute));
  return text;
}

std::string target_text(const SuggestedTarget& target, std::size_t sampled) {
  std::string text = "\n[[table.target]]\n" + comments_of(target, sampled);
  text += fmt::format("into = {}\n", toml_string(target.into));
  if (!target.where.empty()) text += fmt::format("where = {}\n", toml_string(target.where));
  text += "layout = \"columns\"\ncolumn_names = \"snake_case\"\n";
  if (target.columns.empty()) return text;
  text += "\n[table.target.columns]\n";
  for (const AttributeColumn& column : target.columns) text += column_line(column);
  return text;
}

std::string verification_text(const Suggestion& suggestion) {
  const std::size_t others = suggestion.items - suggestion.taken_by_one;
  std::string text = fmt::format("# {} sampled", items_text(suggestion.items));
  text += others == 0 ? ": exactly one target takes each\n"
                      : fmt::format("; {} not taken by exactly one target\n", items_text(others));
  if (suggestion.malformed > 0)
    text += fmt::format("# {} beside, which cannot be read\n", items_text(suggestion.malformed));
  return text;
}

}  // namespace

std::string to_toml(const Suggestion& suggestion) {
  std::string text = verification_text(suggestion);
  text += fmt::format("[[table]]\nname = {}\n", toml_string(suggestion.table));
  for (const SuggestedTarget& target : suggestion.targets)
    text += target_text(target, suggestion.items);
  return text;
}

}  // namespace dynamite
