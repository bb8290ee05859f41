#include "replica/state/replica.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/arn.hpp"
#include "core/error.hpp"
#include "mapping/routing.hpp"
#include "mapping/writer.hpp"
#include "pg/identifier.hpp"
#include "replica/history/history_sql.hpp"

namespace dynamite {

std::string Target::qualified_name() const {
  return quote_identifier(schema) + "." + quote_identifier(table);
}

std::unique_ptr<RowWriter> Target::writer() const {
  return writer_of(mapping.rules, layout, mapping.required_hash_key(qualified_name()));
}

HashedKeys Target::hashed_keys() const {
  return {mapping.rules, source_keys, mapping.required_hash_key(qualified_name())};
}

std::string tombstone_table(const std::string& schema, const std::string& table) {
  return shorten_identifier("tombstone_" + schema + "." + table);
}

Target new_target(const std::string& state_schema, std::string schema, std::string table,
                  const KeySchema& keys, Mapping mapping) {
  Layout layout = mapping.layout(keys);
  std::string tombstones = state_name(state_schema, tombstone_table(schema, table));
  return {.schema = std::move(schema),
          .table = std::move(table),
          .tombstones = std::move(tombstones),
          .mapping = std::move(mapping),
          .layout = std::move(layout),
          .source_keys = keys};
}

HistoryTable history_of(const Target& target) {
  return {target.schema, target.table, target.layout.keys().schema()};
}

HistoryTarget history_target(const Target& target) {
  const auto column = [&](ColumnRole role) { return target.layout.of(role).quoted(); };
  return {.replica = target.qualified_name(),
          .changed_at = column(ColumnRole::changed_at),
          .version = column(ColumnRole::version),
          .epoch = column(ColumnRole::epoch),
          .and_not_removed = target.layout.and_not_removed()};
}

std::string Replica::name() const { return table_name_of(source->arn); }

std::string Replica::qualified_names() const {
  std::string names;
  for (const Target& target : targets)
    names += (names.empty() ? "" : ", ") + target.qualified_name();
  return names;
}

bool Replica::hashes_keys() const {
  const Target& target = targets.front();
  return !hashed_key_attributes(target.mapping.rules, target.source_keys).empty();
}

void Replica::require_hash_key() const {
  for (const Target& target : targets)
    if (!target.mapping.rules.hash.empty())
      target.mapping.required_hash_key(target.qualified_name());
}

void require_same_keys(const Replica& replica) {
  const auto hashed = [](const Target& target) {
    return hashed_key_attributes(target.mapping.rules, target.source_keys);
  };
  const auto words = [&](const Target& target) {
    const std::vector<std::string> names = hashed(target);
    return names.empty() ? std::string{"none"}
                         : fmt::format("\"{}\"", fmt::join(names, "\" and \""));
  };
  const Target& first = replica.targets.front();
  for (const Target& target : replica.targets)
    if (hashed(target) != hashed(first))
      throw Error{
          Error::Kind::usage,
          fmt::format("the targets of a table must hash the same attributes of its key, but "
                      "{} hashes {}, and {} hashes {}",
                      first.qualified_name(), words(first), target.qualified_name(), words(target)),
          "let `hash` name the same attributes of the key in both"};
}

std::shared_ptr<const Routing> routing_of(const std::vector<Target>& targets, const KeySchema& keys,
                                          TargetRows rows) {
  std::vector<Routing::Rule> rules;
  for (const Target& target : targets)
    rules.push_back({.where = target.mapping.rules.where, .keeps = target.mapping.rules.keeps()});
  if (std::ranges::all_of(rules, &std::string::empty, &Routing::Rule::where)) return nullptr;
  return std::make_shared<const Routing>(rules, keys, rows);
}

RoutedChanges routed_changes(const Replica& replica, std::span<const Change> changes) {
  if (replica.routing) return replica.routing->route(changes);
  return {.changes = {replica.targets.size(), std::vector<Change>{changes.begin(), changes.end()}},
          .refused = {},
          .untaken = 0};
}

std::string state_name(const std::string& state_schema, const std::string& name) {
  return quote_identifier(state_schema) + "." + quote_identifier(name);
}

}  // namespace dynamite
