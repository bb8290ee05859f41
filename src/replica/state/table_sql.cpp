#include "replica/state/table_sql.hpp"

#include <fmt/format.h>

#include "mapping/mapping_json.hpp"
#include "mapping/names.hpp"
#include "pg/identifier.hpp"
#include "replica/history/history_table.hpp"

namespace dynamite {
namespace {

std::string type_letter(KeyType type) {
  return quote_literal(std::string(1, static_cast<char>(type)));
}

std::string comment_sql(const std::string& column, std::string_view text) {
  return fmt::format("COMMENT ON COLUMN {} IS {}", column, quote_literal(text));
}

/// A line a column, for CREATE TABLE.
std::string definitions(const Layout& layout) {
  std::string sql;
  for (const Column& column : layout.all())
    sql += fmt::format("  {} {}{},\n", column.quoted(), type_definition(column.type),
                       column.not_null ? " NOT NULL" : "");
  return sql;
}

std::vector<std::string> tombstones_sql(const Target& target) {
  const KeyColumns& keys = target.layout.keys();
  return {
      // Short-lived rows: vacuum early, so that index probes stay cheap.
      fmt::format(R"(CREATE TABLE {} (
{}  version numeric NOT NULL,
  epoch integer NOT NULL,
  removed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ({}))
WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02))",
                  target.tombstones, keys.definitions({"k1", "k2"}), keys.parts()),
      fmt::format("CREATE INDEX ON {} (version)", target.tombstones),
      // Tombstones come in the order of their time: a summary of each range finds the old ones, and
      // costs an apply nothing.
      fmt::format("CREATE INDEX ON {} USING brin (removed_at) WITH (autosummarize)",
                  target.tombstones)};
}

/// `changed_at`: an SQL expression.
std::string target_row_sql(const Replica& replica, const Target& target,
                           std::string_view changed_at) {
  return fmt::format(
      R"(INSERT INTO {0}.replica_target (replica_id, target_schema, target_table, tombstone_table,
  layout, mapping, since_epoch, changed_at)
SELECT replica_id, {1}, {2}, {3}, {4}, {5}, epoch + 1, {7} FROM {0}.replica WHERE source_arn = {6})",
      quote_identifier(replica.state_schema), quote_literal(target.schema),
      quote_literal(target.table), quote_literal(tombstone_table(target.schema, target.table)),
      quote_literal(name_of(target.mapping.rules.layout)), quote_literal(to_json(target.mapping)),
      quote_literal(replica.source->arn), changed_at);
}

}  // namespace

std::string replica_comment(const std::string& source_arn) {
  return "replica of " + source_arn + ", kept by dynamite: do not write to it";
}

std::string replica_comment_sql(const Replica& replica, const Target& target) {
  return fmt::format("COMMENT ON TABLE {} IS {}", target.qualified_name(),
                     quote_literal(replica_comment(replica.source->arn)));
}

std::vector<std::string> replica_table_sql(const Replica& replica, const Target& target) {
  const std::string name = target.qualified_name();
  std::vector<std::string> sql{
      fmt::format("CREATE TABLE {} (\n{}  PRIMARY KEY ({}))", name, definitions(target.layout),
                  target.layout.keys().names()),
      replica_comment_sql(replica, target)};
  for (const Column& column : target.layout.all())
    if (!column.comment.empty())
      sql.push_back(comment_sql(name + "." + column.quoted(), column.comment));
  return sql;
}

std::vector<std::string> target_registration_sql(const Replica& replica, const Target& target) {
  std::vector<std::string> sql = tombstones_sql(target);
  sql.push_back(target_row_sql(replica, target, "clock_timestamp()"));
  return sql;
}

std::vector<std::string> registration_sql(const Replica& replica) {
  const KeySchema& keys = replica.source->key_schema;
  std::vector<std::string> sql;
  for (const Target& target : replica.targets)
    for (std::string& statement : tombstones_sql(target)) sql.push_back(std::move(statement));
  // Rows that are there already must count as older than the first pass.
  std::vector<std::string> epochs;
  for (const Target& target : replica.targets)
    epochs.push_back(fmt::format("(SELECT max({}) FROM {})",
                                 target.layout.of(ColumnRole::epoch).quoted(),
                                 target.qualified_name()));
  const std::string state = quote_identifier(replica.state_schema);
  sql.push_back(fmt::format(
      R"(INSERT INTO {}.replica (source_arn, table_name, partition_key, partition_type, sort_key,
  sort_type, epoch)
VALUES ({}, {}, {}, {}, {}, {}, coalesce(greatest({}), 0)))",
      state, quote_literal(replica.source->arn),
      quote_literal(replica.source->arn.substr(replica.source->arn.find('/') + 1)),
      quote_literal(keys.partition.name), type_letter(keys.partition.type),
      keys.sort ? quote_literal(keys.sort->name) : "NULL",
      keys.sort ? type_letter(keys.sort->type) : "NULL", fmt::join(epochs, ", ")));
  for (const Target& target : replica.targets)
    sql.push_back(target_row_sql(replica, target, "NULL"));
  return sql;
}

std::string tombstones_of_gone_sql(const Target& target, std::string_view and_epoch) {
  return fmt::format(
      R"(INSERT INTO {tombstones} AS d ({keys}, version, epoch) SELECT gone.*{and_epoch} FROM gone
ON CONFLICT ({keys}) DO UPDATE SET version = greatest(d.version, excluded.version),
  epoch = greatest(d.epoch, excluded.epoch), removed_at = excluded.removed_at)",
      fmt::arg("tombstones", target.tombstones), fmt::arg("keys", target.layout.keys().parts()),
      fmt::arg("and_epoch", and_epoch));
}

std::vector<std::string> readable_names(const Target& target) {
  std::vector<std::string> names{target.qualified_name()};
  if (!target.mapping.rules.history) return names;
  const HistoryTable history = history_of(target);
  names.insert(names.end(), {history.qualified_name(), history.ranges_name()});
  return names;
}

std::vector<std::string> grant_select_sql(const Replica& replica, const Target& target,
                                          const std::string& role) {
  const std::string to = quote_identifier(role);
  const std::string state = quote_identifier(replica.state_schema);
  return {
      fmt::format("GRANT USAGE ON SCHEMA {}, {} TO {}", quote_identifier(target.schema), state, to),
      fmt::format("GRANT SELECT ON {}, {}.status TO {}", fmt::join(readable_names(target), ", "),
                  state, to)};
}

}  // namespace dynamite
