#include "app/config/declared_columns.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "app/config/key_kinds.hpp"
#include "app/config/keys.hpp"
#include "app/config/names.hpp"
#include "mapping/names.hpp"

namespace dynamite {
namespace {

using namespace keys;

constexpr std::string_view kMembers{"{ from, take, type, unit }"};

/// The members of a declared column, as far as they are given.
struct Declaration {
  std::optional<AttributePath> from{};
  std::optional<TakePattern> take{};
  std::optional<ColumnType> type{};
  std::optional<TimeUnit> unit{};
};

constexpr auto kTypes = std::to_array<ColumnType>(
    {ColumnType::text, ColumnType::numeric, ColumnType::boolean, ColumnType::bytea,
     ColumnType::jsonb, ColumnType::bigint, ColumnType::integer, ColumnType::double_precision,
     ColumnType::timestamptz, ColumnType::date, ColumnType::uuid, ColumnType::text_array,
     ColumnType::numeric_array, ColumnType::bytea_array});

std::string type_names() {
  std::vector<std::string_view> names;
  for (const ColumnType type : kTypes) names.push_back(type_name(type));
  return one_of(names);
}

/// Whether a string may stand in a column of `type`.
bool is_of_strings(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
    case ColumnType::bytea:
    case ColumnType::jsonb:
    case ColumnType::text_array:
    case ColumnType::numeric_array:
    case ColumnType::bytea_array:
      return false;
    default:
      return true;
  }
}

/// What `parse` makes of a text; absent if the value is none, or holds U+0000, which jsonb does
/// not.
template <class Parse>
auto parsed(const SettingValue& value, Parse parse) {
  const auto text = as_text(value);
  const bool is_storable = text && text->find('\0') == std::string::npos;
  return is_storable ? parse(*text) : decltype(parse(*text)){};
}

template <class T, class Parse>
Key<Declaration> text_as(std::string_view name, std::optional<T> Declaration::*member,
                         std::string allowed, Parse parse) {
  return {name, std::move(allowed), [=](const SettingValue& value, Declaration& declaration) {
            declaration.*member = parsed(value, parse);
            return (declaration.*member).has_value();
          }};
}

std::span<const Key<Declaration>> declaration_keys() {
  static const std::vector<Key<Declaration>> keys{
      text_as("from", &Declaration::from,
              "the path of an attribute or of a part of one, such as \"total\" or "
              "\"address.lines[0]\"",
              AttributePath::parse),
      text_as("take", &Declaration::take, "a pattern with {} once, such as \"ORDER#{}\"",
              TakePattern::parse),
      text_as("type", &Declaration::type, type_names(), column_type_named),
      text_as("unit", &Declaration::unit, one_of({"s", "ms", "us"}), time_unit_named)};
  return keys;
}

constexpr std::array<std::string_view, 4> kNames{"from", "take", "type", "unit"};

/// What contradicts itself in a column; empty if nothing does.
std::string contradiction(const AttributeColumn& column) {
  if (column.unit != TimeUnit::none && column.type != ColumnType::timestamptz)
    return fmt::format("unit is given for type \"{}\", wanted type = \"timestamptz\"",
                       type_name(column.type));
  if (column.unit != TimeUnit::none && column.take)
    return "take is of strings and unit is of numbers, wanted only one of them";
  if (column.take && !is_of_strings(column.type))
    return fmt::format("take is given for type \"{}\", which strings never have",
                       type_name(column.type));
  return {};
}

/// Absent if the value is neither a type nor a table.
std::optional<Declaration> read_declaration(const Setting& column,
                                            std::vector<std::string>& problems) {
  if (const auto type = parsed(column.value, column_type_named)) return Declaration{.type = type};
  const auto* const table = std::get_if<TableValue>(&column.value);
  if (table == nullptr) return std::nullopt;
  Declaration declaration;
  const std::string within = fmt::format("columns.{}.", column.key);
  for (const Setting& member : table->settings)
    read_setting(member, declaration_keys(), std::span<const std::string_view>{kNames}, declaration,
                 problems, within);
  return declaration;
}

std::optional<AttributeColumn> read_column(const Setting& setting,
                                           std::vector<std::string>& problems) {
  if (!is_identifier(setting.key)) {
    problems.push_back(
        fmt::format("{}: {} is no name of a column, wanted 1 to 63 bytes without "
                    "control characters",
                    setting.where, printable(setting.key)));
    return std::nullopt;
  }
  const std::size_t problems_before = problems.size();
  auto declaration = read_declaration(setting, problems);
  if (!declaration)
    problems.push_back(
        wrong_value(setting, fmt::format("{} or {}", type_names(), kMembers), "columns."));
  if (problems.size() != problems_before) return std::nullopt;
  AttributeColumn column{
      .name = setting.key,
      .type = declaration->type.value_or(ColumnType::text),
      .from = std::move(declaration->from).value_or(AttributePath::of(setting.key)),
      .take = std::move(declaration->take),
      .unit = declaration->unit.value_or(TimeUnit::none)};
  if (const std::string why = contradiction(column); !why.empty())
    problems.push_back(fmt::format("{}: columns.{}: {}", setting.where, setting.key, why));
  return column;
}

}  // namespace

std::vector<AttributeColumn> read_columns(const Setting& columns,
                                          std::vector<std::string>& problems) {
  std::vector<AttributeColumn> read;
  const auto* const table = std::get_if<TableValue>(&columns.value);
  if (table == nullptr) {
    problems.push_back(wrong_value(
        columns,
        "columns by name, such as { total = \"numeric\", city = { from = \"address.city\" } }"));
    return read;
  }
  for (const Setting& setting : table->settings)
    if (auto column = read_column(setting, problems)) read.push_back(std::move(*column));
  return read;
}

}  // namespace dynamite
