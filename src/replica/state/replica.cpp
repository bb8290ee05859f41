#include "replica/state/replica.hpp"

#include <algorithm>
#include <array>

#include "pg/identifier.hpp"

namespace dynamite {
namespace {

std::string free_name(std::string name, const KeySchema& key_schema) {
  while (name == key_column_name(key_schema.partition) ||
         (key_schema.sort && name == key_column_name(*key_schema.sort)))
    name += '_';
  return name;
}

}  // namespace

BookkeepingColumns bookkeeping_columns(const KeySchema& key_schema) {
  return {.item = free_name("item", key_schema),
          .mod_time = free_name("mod_time", key_schema),
          .create_time = free_name("create_time", key_schema),
          .types = free_name("_types", key_schema),
          .version = free_name("_version", key_schema),
          .epoch = free_name("_epoch", key_schema)};
}

std::string Target::qualified_name() const {
  return quote_identifier(schema) + "." + quote_identifier(table);
}

std::string tombstone_table(const std::string& schema, const std::string& table) {
  return shorten_identifier("tombstone_" + schema + "." + table);
}

Target new_target(const std::string& state_schema, std::string schema, std::string table) {
  std::string tombstones = state_name(state_schema, tombstone_table(schema, table));
  return {
      .schema = std::move(schema), .table = std::move(table), .tombstones = std::move(tombstones)};
}

const std::string& Replica::name() const { return targets.front().table; }

std::string Replica::qualified_names() const {
  std::string names;
  for (const Target& target : targets)
    names += (names.empty() ? "" : ", ") + target.qualified_name();
  return names;
}

std::vector<std::string> Replica::key_columns() const {
  const KeySchema& keys = source->key_schema;
  std::vector<std::string> columns{quote_identifier(key_column_name(keys.partition))};
  if (keys.sort) columns.push_back(quote_identifier(key_column_name(*keys.sort)));
  return columns;
}

std::string key_column_name(const KeyAttribute& attribute) {
  constexpr std::array<std::string_view, 6> kSystemColumns{"ctid", "xmin", "xmax",
                                                           "cmin", "cmax", "tableoid"};
  const std::string name = shorten_identifier(attribute.name);
  return std::ranges::find(kSystemColumns, name) != kSystemColumns.end() ? name + "_" : name;
}

std::string state_name(const std::string& state_schema, const std::string& name) {
  return quote_identifier(state_schema) + "." + quote_identifier(name);
}

std::string_view key_column_type(KeyType type) {
  switch (type) {
    case KeyType::S:
      return "text COLLATE \"C\"";
    case KeyType::N:
      return "numeric";
    case KeyType::B:
      return "bytea";
  }
  return {};
}

}  // namespace dynamite
