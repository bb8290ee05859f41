#include "mapping/new_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "layout/layout.hpp"
#include "mapping/projection.hpp"
#include "mapping/snake_case.hpp"
#include "pg/identifier.hpp"

namespace dynamite {
namespace {

bool is_whole(const AttributeColumn& column) {
  return !column.retired && !column.take && column.from.is_attribute();
}

/// The names that columns have already, and the attributes that need none.
class Known {
 public:
  Known(const Mapping& mapping, const KeySchema& keys, std::span<const std::string> taken)
      : names_{taken.begin(), taken.end()} {
    const Layout layout = mapping.layout(keys);
    for (const Column& column : layout.all()) names_.insert(column.name);
    for (const AttributeColumn& column : mapping.columns) {
      if (is_whole(column)) attributes_.insert(column.from.steps.front().name);
      if (!column.retired) ++count_;
    }
    attributes_.insert(keys.partition.name);
    if (keys.sort) attributes_.insert(keys.sort->name);
  }

  std::size_t count() const noexcept { return count_; }

  /// False if the attribute has a column.
  bool add_attribute(const std::string& name) { return attributes_.insert(name).second; }

  /// A free name for a column, which is taken from now on.
  std::string take_name(std::string wanted) {
    std::string name = shorten_identifier(wanted);
    while (is_system_column(name) || names_.contains(name))
      name = shorten_identifier(wanted += '_');
    names_.insert(name);
    ++count_;
    return name;
  }

 private:
  std::set<std::string> names_, attributes_;
  std::size_t count_ = 0;  // of the columns that are filled
};

bool can_be_name(std::string_view attribute) {
  return !attribute.empty() && attribute.find('\0') == std::string_view::npos;
}

/// Why a declared column cannot be; empty if it can.
std::string objection(const AttributeColumn& column, const Layout& without_columns,
                      const Projection& projection) {
  const auto same = std::ranges::find(without_columns.all(), column.name, &Column::name);
  const bool is_taken = same != without_columns.all().end();
  if (is_taken && same->role == ColumnRole::key) return "has the name of a key column";
  if (is_taken || is_system_column(column.name))
    return fmt::format("has the name of a column of {}", is_taken ? "dynamite" : "PostgreSQL");
  if (!projection.may_show(column.from))
    return fmt::format("takes {}, which `only` or `omit` hides", column.from.text());
  return {};
}

}  // namespace

std::optional<ColumnType> column_type_of(std::string_view dynamodb_type) {
  using enum ColumnType;
  static constexpr auto kTypes =
      std::to_array<std::pair<std::string_view, ColumnType>>({{"S", text},
                                                              {"N", numeric},
                                                              {"BOOL", boolean},
                                                              {"B", bytea},
                                                              {"SS", text_array},
                                                              {"NS", numeric_array},
                                                              {"BS", bytea_array},
                                                              {"M", jsonb},
                                                              {"L", jsonb}});
  const auto found =
      std::ranges::find(kTypes, dynamodb_type, &std::pair<std::string_view, ColumnType>::first);
  return found == kTypes.end() ? std::nullopt : std::optional{found->second};
}

std::vector<AttributeColumn> initial_columns(const MappingRules& rules, const KeySchema& keys,
                                             std::string_view table) {
  const Layout without_columns = Mapping{.rules = rules}.layout(keys);
  const Projection projection{rules, keys};
  for (const AttributeColumn& column : rules.declared)
    if (const std::string why = objection(column, without_columns, projection); !why.empty())
      throw Error{Error::Kind::usage,
                  fmt::format("the declared column \"{}\" of \"{}\" {}", column.name, table, why),
                  "declare it in `columns` of its [[table]] under another name, or of another "
                  "attribute"};
  return rules.declared;
}

std::vector<AttributeColumn> new_columns(const Mapping& mapping, const KeySchema& keys,
                                         std::span<const AttributeNote> seen,
                                         std::span<const std::string> taken) {
  const MappingRules& rules = mapping.rules;
  if (rules.layout != LayoutKind::columns || !rules.new_columns) return {};
  const Projection projection{rules, keys};
  Known known{mapping, keys, taken};
  std::vector<AttributeColumn> columns;
  for (const AttributeNote& attribute : seen) {
    if (known.count() >= rules.columns_max) break;
    const auto type = column_type_of(attribute.type);
    const AttributePath path = AttributePath::of(attribute.name);
    if (!type || !can_be_name(attribute.name) || !projection.may_show(path)) continue;
    if (!known.add_attribute(attribute.name)) continue;
    std::string wanted =
        rules.column_names == ColumnNames::snake_case ? snake_case(attribute.name) : attribute.name;
    columns.push_back({.name = known.take_name(std::move(wanted)), .type = *type, .from = path});
  }
  return columns;
}

}  // namespace dynamite
