#include "mapping/names.hpp"

#include <algorithm>
#include <array>

namespace dynamite {
namespace {

template <class Value>
struct Named {
  std::string_view name;
  Value value;
};

constexpr auto kLayouts = std::to_array<Named<LayoutKind>>(
    {{"document", LayoutKind::document}, {"columns", LayoutKind::columns}});

constexpr auto kColumnNames = std::to_array<Named<ColumnNames>>(
    {{"as_attributes", ColumnNames::as_attributes}, {"snake_case", ColumnNames::snake_case}});

constexpr auto kTimeUnits = std::to_array<Named<TimeUnit>>(
    {{"s", TimeUnit::s}, {"ms", TimeUnit::ms}, {"us", TimeUnit::us}});

template <class Value, std::size_t size>
std::string_view name_in(const std::array<Named<Value>, size>& table, Value value) {
  const auto found = std::ranges::find(table, value, &Named<Value>::value);
  return found == table.end() ? std::string_view{} : found->name;
}

template <class Value, std::size_t size>
std::optional<Value> named_in(const std::array<Named<Value>, size>& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Named<Value>::name);
  return found == table.end() ? std::nullopt : std::optional{found->value};
}

}  // namespace

std::string_view name_of(LayoutKind layout) { return name_in(kLayouts, layout); }
std::optional<LayoutKind> layout_named(std::string_view name) { return named_in(kLayouts, name); }

std::string_view name_of(ColumnNames names) { return name_in(kColumnNames, names); }
std::optional<ColumnNames> column_names_named(std::string_view name) {
  return named_in(kColumnNames, name);
}

std::string_view name_of(TimeUnit unit) { return name_in(kTimeUnits, unit); }
std::optional<TimeUnit> time_unit_named(std::string_view name) {
  return named_in(kTimeUnits, name);
}

}  // namespace dynamite
