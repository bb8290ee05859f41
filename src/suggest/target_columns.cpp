#include "suggest/target_columns.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "mapping/mapping.hpp"
#include "mapping/snake_case.hpp"
#include "pg/identifier.hpp"
#include "suggest/entity_name.hpp"
#include "suggest/time_column.hpp"

namespace dynamite {
namespace {

using Items = std::span<const SampledItem* const>;

bool can_have_column(std::string_view name) {
  return !name.empty() && name.find('\0') == std::string_view::npos;
}

/// Names that no column has yet.
class FreeNames {
 public:
  explicit FreeNames(const KeySchema& key_schema) {
    const MappingRules rules{.layout = LayoutKind::columns,
                             .column_names = ColumnNames::snake_case};
    const Layout layout = Mapping{.rules = rules}.layout(key_schema);
    for (const Column& column : layout.all()) names_.insert(column.name);
  }

  bool is_free(const std::string& name) const {
    return !is_system_column(name) && !names_.contains(name);
  }

  std::string take(std::string wanted) {
    std::string name = shorten_identifier(wanted);
    while (!is_free(name)) name = shorten_identifier(wanted += '_');
    names_.insert(name);
    return name;
  }

 private:
  std::set<std::string> names_;
};

/// A part of a key that may become a column.
struct KeyPart {
  std::string label;  ///< `ORDER#`
  TakePattern take;
};

/// `ORDER#{}#ITEM#*` and `ORDER#*#ITEM#{}` of `ORDER#…#ITEM#…`.
std::vector<KeyPart> parts_of(const KeyForm& form) {
  if (form.is_any() || form.is_constant) return {};
  std::vector<std::string> labels{form.begin};
  labels.insert(labels.end(), form.labels.begin(), form.labels.end());
  std::vector<KeyPart> parts;
  for (std::size_t taken = 0; taken < labels.size(); ++taken) {
    std::string pattern;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      pattern += labels[i];
      const bool is_followed = without_delimiters(labels[i]).back() != labels[i].back();
      if (is_followed) pattern += i == taken ? "{}" : "*";
    }
    if (auto take = TakePattern::parse(pattern)) parts.push_back({labels[taken], std::move(*take)});
  }
  return parts;
}

/// What `take` takes of every item's attribute; absent if it does not match one of them.
std::optional<std::vector<std::string_view>> taken_texts(Items items, std::string_view attribute,
                                                         const TakePattern& take) {
  std::vector<std::string_view> texts;
  for (const SampledItem* const item : items) {
    const std::string* const value = item->string_at(attribute);
    const auto text = value == nullptr ? std::nullopt : take.take(*value);
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

std::string name_of_part(std::string_view label, std::optional<ColumnType> time) {
  const std::string name = singular_name(label);
  if (!time) return name + "_id";
  return name + (time == ColumnType::date ? "_date" : "_time");
}

/// The form that the attribute's values have in all keys of the entity; any if there are several.
KeyForm common_form(const Entity& entity, KeyForm EntityKey::*part) {
  const KeyForm& first = entity.keys.front().*part;
  const bool is_common =
      std::ranges::all_of(entity.keys, [&](const EntityKey& key) { return key.*part == first; });
  return is_common ? first : KeyForm{};
}

class ColumnSuggestions {
 public:
  ColumnSuggestions(Items items, const KeySchema& key_schema)
      : items_{items}, names_{key_schema}, attributes_{summarize_attributes(items, key_schema)} {
    for (const AttributeSummary& attribute : attributes_)
      attribute_names_.insert(snake_case(attribute.name));
  }

  void add_parts(const std::string& attribute, const KeyForm& form) {
    for (KeyPart& part : parts_of(form)) {
      const auto texts = taken_texts(items_, attribute, part.take);
      if (!texts) continue;
      const auto time = time_type_of(*texts);
      std::string name = name_of_part(part.label, time);
      // An attribute says the same, or the partition key, of which the sort key repeats a part.
      if (attribute_names_.contains(name) || !names_.is_free(name)) continue;
      columns_.push_back({.name = names_.take(std::move(name)),
                          .type = time.value_or(ColumnType::text),
                          .from = AttributePath::of(attribute),
                          .take = std::move(part.take)});
    }
  }

  void add_times() {
    for (const AttributeSummary& attribute : attributes_) {
      if (!can_have_column(attribute.name)) continue;
      if (auto column = time_column(attribute)) {
        column->name = names_.take(snake_case(attribute.name));
        columns_.push_back(std::move(*column));
      }
    }
  }

  std::vector<AttributeColumn> columns() && { return std::move(columns_); }

 private:
  std::vector<std::string_view> values(const AttributeSummary& attribute) const {
    std::vector<std::string_view> values;
    for (const SampledItem* const item : items_)
      for (const SampledAttribute& each : item->attributes)
        if (each.name == attribute.name && each.type != ValueType::null)
          values.push_back(each.bytes);
    return values;
  }

  /// Without its name.
  std::optional<AttributeColumn> time_column(const AttributeSummary& attribute) const {
    std::map<ValueType, std::size_t> types = attribute.types;
    types.erase(ValueType::null);
    if (types.size() != 1) return std::nullopt;
    AttributeColumn column{.name = {}, .from = AttributePath::of(attribute.name)};
    if (types.contains(ValueType::S)) {
      const auto type = time_type_of(values(attribute));
      if (!type) return std::nullopt;
      column.type = *type;
      return column;
    }
    if (!types.contains(ValueType::N)) return std::nullopt;
    const auto unit = time_unit_of(attribute.name, values(attribute));
    if (!unit) return std::nullopt;
    column.type = ColumnType::timestamptz;
    column.unit = *unit;
    return column;
  }

  Items items_;
  FreeNames names_;
  std::vector<AttributeSummary> attributes_;
  std::set<std::string> attribute_names_;  // in snake_case
  std::vector<AttributeColumn> columns_;
};

}  // namespace

std::vector<AttributeSummary> summarize_attributes(Items items, const KeySchema& key_schema) {
  std::map<std::string, AttributeSummary> summaries;
  for (const SampledItem* const item : items) {
    for (const SampledAttribute& attribute : item->attributes) {
      if (key_schema.has(attribute.name)) continue;
      AttributeSummary& summary = summaries[attribute.name];
      summary.name = attribute.name;
      ++summary.items;
      ++summary.types[attribute.type];
    }
  }
  std::vector<AttributeSummary> result;
  for (auto& [name, summary] : summaries) result.push_back(std::move(summary));
  return result;
}

std::vector<AttributeColumn> suggest_columns(Items items, const Entity& entity,
                                             const KeySchema& key_schema) {
  ColumnSuggestions suggestions{items, key_schema};
  suggestions.add_parts(key_schema.partition.name, common_form(entity, &EntityKey::partition));
  if (key_schema.sort)
    suggestions.add_parts(key_schema.sort->name, common_form(entity, &EntityKey::sort));
  suggestions.add_times();
  return std::move(suggestions).columns();
}

}  // namespace dynamite
