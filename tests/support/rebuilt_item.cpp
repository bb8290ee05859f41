#include "support/rebuilt_item.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "mapping/projection.hpp"
#include "pg/identifier.hpp"
#include "support/natural_json.hpp"
#include "where/clause.hpp"

namespace dynamite::test {
namespace {

std::string base64_sql(const std::string& value) {
  return fmt::format("translate(encode({}, 'base64'), E'\\n', '')", value);
}

/// The natural JSON of a column's value.
std::string json_sql(ColumnType type, const std::string& value) {
  if (type == ColumnType::bytea) return fmt::format("to_jsonb({})", base64_sql(value));
  if (type == ColumnType::bytea_array)
    return fmt::format(
        "(SELECT jsonb_agg(to_jsonb({}) ORDER BY n) FROM unnest({}) WITH ORDINALITY AS m(b, n))",
        base64_sql("m.b"), value);
  return fmt::format("to_jsonb({})", value);
}

/// What `_types` would say of an attribute whose value stands in such a column.
std::string_view type_noted(ColumnType type) {
  switch (type) {
    case ColumnType::bytea:
      return "B";
    case ColumnType::text_array:
      return "SS";
    case ColumnType::numeric_array:
      return "NS";
    case ColumnType::bytea_array:
      return "BS";
    default:
      return "";
  }
}

std::string pointer(const std::string& name) {
  std::string text = "/";
  for (const char c : name) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
  return text;
}

struct Part {
  std::string attribute;
  ColumnType type;
  std::string value;
};

/// The key's columns and those that stand for a whole attribute.
std::vector<Part> parts_of(const Target& target) {
  std::vector<Part> parts;
  const KeySchema& keys = target.layout.keys().schema();
  const auto columns = target.layout.keys().columns();
  parts.push_back({keys.partition.name, columns[0].type, "t." + columns[0].quoted()});
  if (keys.sort) parts.push_back({keys.sort->name, columns[1].type, "t." + columns[1].quoted()});
  for (const AttributeColumn& column : target.mapping.columns)
    if (!column.retired && column.from.is_attribute() && !column.take && !converts(column.type))
      parts.push_back(
          {column.from.steps.front().name, column.type, "t." + quote_identifier(column.name)});
  return parts;
}

bool is_document(const Target& target) {
  return target.mapping.rules.layout == LayoutKind::document;
}

}  // namespace

std::string item_sql(const Target& target) {
  if (is_document(target)) return "t.item";
  std::string sql = "coalesce(t._rest, '{}')";
  for (const Part& part : parts_of(target))
    sql += fmt::format(
        " || CASE WHEN {} IS NULL THEN '{{}}' ELSE jsonb_build_object({}::text, {}) END",
        part.value, quote_literal(part.attribute), json_sql(part.type, part.value));
  return sql;
}

std::string types_sql(const Target& target) {
  if (is_document(target)) return "t._types";
  std::string sql = "coalesce(t._types, '{}')";
  for (const Part& part : parts_of(target))
    if (const std::string_view type = type_noted(part.type); !type.empty())
      sql += fmt::format(
          " || CASE WHEN {} IS NULL THEN '{{}}' ELSE jsonb_build_object({}::text, '{}') END",
          part.value, quote_literal(pointer(part.attribute)), type);
  return fmt::format("nullif({}, '{{}}')", sql);
}

std::vector<std::string> items_of(pg::Connection& connection, const Target& target) {
  const pg::Result rows = connection.run(
      fmt::format("SELECT {}, {} FROM {} t WHERE true{}", item_sql(target), types_sql(target),
                  target.qualified_name(), target.layout.and_not_removed()));
  std::vector<std::string> all;
  for (int row = 0; row < rows.rows(); ++row)
    all.push_back(dynamodb_json_of(rows.at(row, 0), rows.text(row, 1).value_or("")));
  std::ranges::sort(all);
  return all;
}

std::vector<std::string> shown_items(const Target& target, const std::vector<std::string>& items) {
  const MappingRules& rules = target.mapping.rules;
  std::optional<Clause> clause;
  if (!rules.where.empty()) clause = Clause::parse(rules.where);
  Projection projection{rules, target.source_keys, target.mapping.hash_key};
  std::vector<std::string> shown;
  for (const std::string& item : items)
    if (!clause || clause->matches(item))
      shown.push_back(canonical_dynamodb_json(
          projection.shows_all() ? std::string_view{item} : projection.project(item, nullptr)));
  std::ranges::sort(shown);
  return shown;
}

}  // namespace dynamite::test
