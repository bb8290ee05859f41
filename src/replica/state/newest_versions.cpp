#include "replica/state/newest_versions.hpp"

#include <fmt/format.h>

#include "layout/key_arrays.hpp"
#include "layout/layout.hpp"
#include "replica/history/history_table.hpp"

namespace dynamite {
namespace {

/// `, ` and SQL of NewestVersions::noted; empty where no target has a history.
std::string and_noted(const Replica& table) {
  std::vector<std::string> noted;
  for (const Target& target : table.targets) {
    if (!target.mapping.rules.history) continue;
    const HistoryTable history = history_of(target);
    noted.push_back(
        fmt::format("coalesce((SELECT ceil(max(t.{}) * 1e9) * 1e-9 FROM {} t WHERE {}), 0)",
                    history.version(), history.qualified_name(), history.keys().row_matches()));
  }
  return noted.empty() ? "" : fmt::format(", greatest({})", fmt::join(noted, ",\n  "));
}

}  // namespace

std::string newest_version_sql(const Replica& table) {
  const KeyColumns& keys = table.targets.front().layout.keys();
  std::vector<std::string> known;  // 0: a target knows nothing of the key
  for (const Target& target : table.targets)
    known.push_back(fmt::format(
        R"(coalesce((SELECT t.{} FROM {} t WHERE {}), 0),
  coalesce((SELECT d.version FROM {} d WHERE {}), 0))",
        target.layout.of(ColumnRole::version).quoted(), target.qualified_name(),
        target.layout.keys().row_matches(), target.tombstones, keys.tombstone_matches()));
  return fmt::format(
      R"(SELECT (SELECT r.epoch FROM {} r WHERE r.replica_id = {}), greatest({}){}
FROM {} ORDER BY u.n)",
      state_name(table.state_schema, "replica"), table.id, fmt::join(known, ",\n  "),
      and_noted(table), keys.rows());
}

// Rows of pages that came in meanwhile have the epoch of the pass that runs, or a later one.
std::string without_ghost_sql(const Replica& table, const Target& target) {
  const KeyColumns& keys = target.layout.keys();
  return fmt::format(
      R"(SELECT u.n FROM {rows}
WHERE NOT EXISTS (SELECT FROM {replica} t WHERE {row_matches}{and_not_removed} AND (
  t.{epoch} < (SELECT CASE r.pass WHEN 'sweeping' THEN r.epoch ELSE r.completed_epoch END
               FROM {state} r WHERE r.replica_id = {id})
  OR EXISTS (SELECT FROM {tombstones} d
             WHERE {tombstone_matches} AND d.epoch >= t.{epoch} AND d.version > t.{version}))))",
      fmt::arg("rows", keys.rows()), fmt::arg("replica", target.qualified_name()),
      fmt::arg("row_matches", keys.row_matches()),
      fmt::arg("and_not_removed", target.layout.and_not_removed()),
      fmt::arg("epoch", target.layout.of(ColumnRole::epoch).quoted()),
      fmt::arg("state", state_name(table.state_schema, "replica")), fmt::arg("id", table.id),
      fmt::arg("tombstones", target.tombstones),
      fmt::arg("tombstone_matches", keys.tombstone_matches()),
      fmt::arg("version", target.layout.of(ColumnRole::version).quoted()));
}

namespace {

pg::Result run_for_keys(pg::Connection& connection, const std::string& sql, const Replica& table,
                        std::span<const std::string> keys) {
  KeyArrays arrays{table.keys()};
  for (const std::string& key : keys) arrays.append(key);
  pg::Params params;
  arrays.add_to(params);
  return connection.run(sql, std::move(params));
}

}  // namespace

NewestVersions newest_versions(pg::Connection& connection, const Replica& table,
                               std::span<const std::string> keys) {
  const pg::Result rows = run_for_keys(connection, newest_version_sql(table), table, keys);
  const bool has_noted = !and_noted(table).empty();
  NewestVersions newest{
      .epoch = static_cast<std::int32_t>(rows.number(0, 0)), .versions = {}, .noted = {}};
  for (int row = 0; row < rows.rows(); ++row) {
    newest.versions.push_back(Version::parse(rows.at(row, 1)));
    newest.noted.push_back(has_noted ? Version::parse(rows.at(row, 2)) : Version{});
  }
  return newest;
}

std::vector<std::size_t> without_ghost(pg::Connection& connection, const Replica& table,
                                       const Target& target, std::span<const std::string> keys) {
  const pg::Result rows = run_for_keys(connection, without_ghost_sql(table, target), table, keys);
  std::vector<std::size_t> places;
  for (int row = 0; row < rows.rows(); ++row)
    places.push_back(static_cast<std::size_t>(rows.number(row, 0) - 1));
  return places;
}

}  // namespace dynamite
