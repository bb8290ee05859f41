#include "replica/apply/target_sql.hpp"

#include <fmt/format.h>

#include <vector>

#include "layout/layout.hpp"
#include "replica/history/history_sql.hpp"
#include "replica/state/table_sql.hpp"

namespace dynamite {
namespace {

const ArrayField kTime{.name = "time", .type = "timestamptz"};
const ArrayField kVersion{.name = "version", .type = "numeric"};
const ArrayField kKeptAt{.name = "kept_at", .type = "timestamptz"};

std::string joined(const std::vector<std::string>& list) {
  return fmt::format("{}", fmt::join(list, ", "));
}

/// The names and fragments that the statements are put together from.
class Fragments {
 public:
  Fragments(const Replica& source, const Target& target)
      : layout{target.layout},
        keys{layout.keys()},
        replica{target.qualified_name()},
        tombstones{target.tombstones},
        changed_at{layout.of(ColumnRole::changed_at).quoted()},
        created_at{layout.of(ColumnRole::created_at).quoted()},
        version{layout.of(ColumnRole::version).quoted()},
        epoch{layout.of(ColumnRole::epoch).quoted()},
        current_epoch{fmt::format("(SELECT r.epoch FROM {} r WHERE r.replica_id = {})",
                                  state_name(source.state_schema, "replica"), source.id)} {}

  /// `INSERT INTO … AS t (keys, values, times, version, epoch)`
  std::string insert_head() const {
    std::vector<std::string> columns{keys.names()};
    for (const Column& column : layout.values()) columns.push_back(column.quoted());
    for (const std::string* column : {&changed_at, &created_at, &version, &epoch})
      columns.push_back(*column);
    return fmt::format("INSERT INTO {} AS t ({})", replica, joined(columns));
  }

  /// Keys and values of the rows `u`, and their time for both times of a row.
  std::string inserted() const {
    std::vector<std::string> values{keys.parts("u")};
    for (const ArrayField& field : layout.value_fields()) values.push_back("u." + field.name);
    values.insert(values.end(), {"u.time", "u.time"});
    return joined(values);
  }

  /// `"item" = excluded."item", …` of the value columns. A row that was kept is of an item again.
  std::string set_values() const {
    std::vector<std::string> list;
    for (const Column& column : layout.values()) list.push_back(set(column.quoted()));
    if (layout.keeps()) list.push_back(removed_at() + " = NULL");
    return joined(list);
  }

  std::string removed_at() const { return layout.of(ColumnRole::removed_at).quoted(); }

  static std::string set(const std::string& column) {
    return fmt::format("{0} = excluded.{0}", column);
  }

  const Layout& layout;
  const KeyColumns& keys;
  std::string replica, tombstones;
  std::string changed_at, created_at, version, epoch;  // quoted
  std::string current_epoch;
};

// A scalar subquery keeps one index probe a row, where NOT EXISTS would join the whole tombstone
// table.
std::string newer_than_tombstone(const Fragments& f) {
  return fmt::format("coalesce((SELECT d.version < u.version FROM {} d WHERE {}), true)",
                     f.tombstones, f.keys.tombstone_matches());
}

// Normally the batch's lowest version is above every tombstone's, and no tombstone is probed. The
// subquery finds this out once, not for each row.
std::string no_tombstone(const Fragments& f, std::string_view lowest) {
  return fmt::format(
      "((SELECT {}::numeric > coalesce((SELECT max(m.version) FROM {} m), -1))\n  OR {})", lowest,
      f.tombstones, newer_than_tombstone(f));
}

std::string put_sql(const Fragments& f) {
  std::vector<ArrayField> fields = f.layout.value_fields();
  fields.insert(fields.end(), {kTime, kVersion});
  return fmt::format(
      R"({insert}
SELECT {inserted}, u.version, {current}
FROM {rows}
WHERE {guard}
ON CONFLICT ({keys}) DO UPDATE SET {values},
  {changed_at}, {set_version}, {epoch}
WHERE t.{version} < excluded.{version})",
      fmt::arg("insert", f.insert_head()), fmt::arg("inserted", f.inserted()),
      fmt::arg("current", f.current_epoch), fmt::arg("rows", f.keys.rows(fields)),
      fmt::arg("guard", no_tombstone(f, f.keys.parameter(fields.size()))),
      fmt::arg("keys", f.keys.names()), fmt::arg("values", f.set_values()),
      fmt::arg("changed_at", Fragments::set(f.changed_at)),
      fmt::arg("set_version", Fragments::set(f.version)),
      fmt::arg("epoch", Fragments::set(f.epoch)), fmt::arg("version", f.version));
}

std::string put_scanned_sql(const Fragments& f) {
  std::vector<ArrayField> fields = f.layout.value_fields();
  fields.push_back(kTime);
  return fmt::format(
      R"({insert}
SELECT {inserted}, 0, {pass}::integer
FROM {rows}
WHERE coalesce((SELECT d.epoch < {pass}::integer FROM {tombstones} d WHERE {matches}), true)
ON CONFLICT ({keys}) DO UPDATE SET {values},
  {changed_at}, {set_epoch}
WHERE t.{epoch} < excluded.{epoch})",
      fmt::arg("insert", f.insert_head()), fmt::arg("inserted", f.inserted()),
      fmt::arg("pass", f.keys.parameter(fields.size())), fmt::arg("rows", f.keys.rows(fields)),
      fmt::arg("tombstones", f.tombstones), fmt::arg("matches", f.keys.tombstone_matches()),
      fmt::arg("keys", f.keys.names()), fmt::arg("values", f.set_values()),
      fmt::arg("changed_at", Fragments::set(f.changed_at)),
      fmt::arg("set_epoch", Fragments::set(f.epoch)), fmt::arg("epoch", f.epoch));
}

std::string copy_sql(const Fragments& f) {
  std::vector<std::string> columns;
  for (const Column& column : f.layout.all()) columns.push_back(column.quoted());
  return fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", f.replica, joined(columns));
}

std::string insert_tombstones(const Fragments& f) {
  return fmt::format(R"(INSERT INTO {} AS d ({}, version, epoch)
  SELECT {}, u.version, {})",
                     f.tombstones, f.keys.parts(), f.keys.parts("u"), f.current_epoch);
}

std::string unless_newer_tombstone(const Fragments& f) {
  return fmt::format(R"(ON CONFLICT ({}) DO UPDATE SET version = excluded.version,
    epoch = excluded.epoch, removed_at = excluded.removed_at
  WHERE d.version < excluded.version)",
                     f.keys.parts());
}

/// Of a transaction in which a remove met no row that it could delete; docs/protocol.md, "One
/// transaction".
constexpr std::string_view kHasUnmet = "current_setting('dynamite.unmet', true) = 'on'";
constexpr std::string_view kNoteUnmet = "set_config('dynamite.unmet', 'on', true)";

/// INSERT of a placeholder for each row `u`: of the value columns it fills those that must not be
/// NULL.
std::string insert_placeholders(const Fragments& f) {
  std::vector<std::string> columns{f.keys.names()};
  std::vector<std::string> values{f.keys.parts("u")};
  for (const Column& column : f.layout.values()) {
    if (!column.not_null) continue;
    columns.push_back(column.quoted());
    values.emplace_back(travel_form(column.type).placeholder);
  }
  for (const auto& [column, value] : {std::pair{&f.changed_at, "now()"},
                                      {&f.created_at, "now()"},
                                      {&f.version, "-1"},
                                      {&f.epoch, "0"}}) {
    columns.push_back(*column);
    values.emplace_back(value);
  }
  return fmt::format("INSERT INTO {} AS t ({})\n  SELECT {}", f.replica, joined(columns),
                     joined(values));
}

/// The parts of a remove behind those that took rows out: tombstones of the rows that are `gone`,
/// and what holds the keys of the others. `met`: numbers of the removes that met their row.
std::string left_behind_and_held(const Fragments& f, std::string_view met) {
  return fmt::format(R"(left_behind AS (
  {insert_tombstones}
  FROM gone AS u
  {unless_newer_tombstone}
  RETURNING true),
held AS (
  {insert_placeholders}
  FROM u
  WHERE u.n NOT IN ({met}) AND {newer_than_tombstone}
    AND (SELECT true FROM {replica} t WHERE {row_matches} AND t.{version} > u.version) IS NULL
  ON CONFLICT ({keys}) DO UPDATE SET {version} = t.{version} WHERE false))",
                     fmt::arg("insert_tombstones", insert_tombstones(f)),
                     fmt::arg("unless_newer_tombstone", unless_newer_tombstone(f)),
                     fmt::arg("insert_placeholders", insert_placeholders(f)), fmt::arg("met", met),
                     fmt::arg("newer_than_tombstone", newer_than_tombstone(f)),
                     fmt::arg("replica", f.replica), fmt::arg("row_matches", f.keys.row_matches()),
                     fmt::arg("version", f.version), fmt::arg("keys", f.keys.names()));
}

// A remove that deletes its row keeps out every put until the commit, and leaves its tombstone at
// once. The other removes, which are rare, hold their keys too: a placeholder stands there, or the
// row that came in meanwhile is locked (DO UPDATE locks a row that its WHERE leaves alone). A late
// remove, for which a newer row or tombstone is committed, holds nothing.
std::string remove_sql(const Fragments& f) {
  return fmt::format(
      R"(WITH u AS MATERIALIZED ({rows}), gone AS (
  DELETE FROM {replica} t USING u
  WHERE {row_matches} AND t.{version} < u.version AND {no_tombstone}
  RETURNING u.*),
{left_behind_and_held}
SELECT (SELECT count(*) FROM left_behind),
  CASE WHEN (SELECT count(*) FROM u) > (SELECT count(*) FROM gone)
    THEN {note_unmet} END)",
      fmt::arg("rows", f.keys.select_rows({kVersion})), fmt::arg("replica", f.replica),
      fmt::arg("row_matches", f.keys.row_matches()), fmt::arg("version", f.version),
      fmt::arg("no_tombstone", no_tombstone(f, f.keys.parameter(1))),
      fmt::arg("left_behind_and_held", left_behind_and_held(f, "SELECT gone.n FROM gone")),
      fmt::arg("note_unmet", kNoteUnmet));
}

/// SQL: the row `t` of the remove `u` stays. A remove that keeps nothing leaves a row alone that
/// was kept before: that row is of an item that was removed earlier.
std::string stays(const Fragments& f) {
  return fmt::format("(u.kept_at IS NOT NULL OR t.{} IS NOT NULL)", f.removed_at());
}

/// UPDATE that keeps the rows `t` of the removes `u`. Version and epoch keep out what is older, as
/// those of a tombstone would.
std::string keep_rows(const Fragments& f) {
  return fmt::format(R"(UPDATE {} t SET {} = u.version, {} = {}, {} = coalesce(u.kept_at, t.{}))",
                     f.replica, f.version, f.epoch, f.current_epoch, f.removed_at(),
                     f.removed_at());
}

std::string remove_or_keep_sql(const Fragments& f) {
  return fmt::format(R"(WITH u AS MATERIALIZED ({rows}), kept AS (
  {keep_rows}
  FROM u
  WHERE {row_matches} AND t.{version} < u.version AND {stays} AND {no_tombstone}
  RETURNING u.n),
gone AS (
  DELETE FROM {replica} t USING u
  WHERE {row_matches} AND t.{version} < u.version AND NOT {stays} AND {no_tombstone}
  RETURNING u.*),
{left_behind_and_held}
SELECT (SELECT count(*) FROM left_behind) + (SELECT count(*) FROM kept),
  CASE WHEN (SELECT count(*) FROM u) > (SELECT count(*) FROM gone) + (SELECT count(*) FROM kept)
    THEN {note_unmet} END)",
                     fmt::arg("rows", f.keys.select_rows({kVersion, kKeptAt})),
                     fmt::arg("keep_rows", keep_rows(f)), fmt::arg("stays", stays(f)),
                     fmt::arg("replica", f.replica), fmt::arg("row_matches", f.keys.row_matches()),
                     fmt::arg("version", f.version),
                     fmt::arg("no_tombstone", no_tombstone(f, f.keys.parameter(2))),
                     fmt::arg("left_behind_and_held",
                              left_behind_and_held(f,
                                                   "SELECT gone.n FROM gone UNION ALL SELECT "
                                                   "kept.n FROM kept")),
                     fmt::arg("note_unmet", kNoteUnmet));
}

std::string remove_or_keep_held_sql(const Fragments& f) {
  return fmt::format(R"(WITH u AS MATERIALIZED ({rows}), kept AS (
  {keep_rows}
  FROM u
  WHERE {has_unmet} AND {row_matches} AND t.{version} < u.version AND t.{version} <> -1 AND {stays}
    AND {newer_than_tombstone})
DELETE FROM {replica} t
USING u
WHERE {has_unmet} AND {row_matches} AND t.{version} < u.version
  AND (t.{version} = -1 OR (NOT {stays} AND {newer_than_tombstone})))",
                     fmt::arg("rows", f.keys.select_rows({kVersion, kKeptAt})),
                     fmt::arg("keep_rows", keep_rows(f)), fmt::arg("has_unmet", kHasUnmet),
                     fmt::arg("row_matches", f.keys.row_matches()), fmt::arg("version", f.version),
                     fmt::arg("stays", stays(f)),
                     fmt::arg("newer_than_tombstone", newer_than_tombstone(f)),
                     fmt::arg("replica", f.replica));
}

/// `and_noted`: of history_gone_sql, or nothing.
std::string delete_untaken_sql(const Fragments& f, const Target& target,
                               const std::string& and_noted) {
  const std::string pass = f.keys.parameter(0) + "::integer";
  return fmt::format(R"(WITH u AS MATERIALIZED ({rows}), gone AS (
  DELETE FROM {replica} t USING u
  WHERE {row_matches} AND t.{epoch} < {pass}{and_not_removed}
  RETURNING {parts}, t.{version} AS version){and_noted}
{tombstones})",
                     fmt::arg("rows", f.keys.select_rows()), fmt::arg("replica", f.replica),
                     fmt::arg("row_matches", f.keys.row_matches()), fmt::arg("epoch", f.epoch),
                     fmt::arg("pass", pass),
                     fmt::arg("and_not_removed", f.layout.and_not_removed()),
                     fmt::arg("parts", f.keys.parts("u")), fmt::arg("version", f.version),
                     fmt::arg("and_noted", and_noted),
                     fmt::arg("tombstones", tombstones_of_gone_sql(target, ", " + pass)));
}

// A placeholder's version, -1, is below every other. No tombstone spares it.
std::string remove_held_sql(const Fragments& f) {
  return fmt::format(R"(DELETE FROM {0} t
USING {1}
WHERE {2} AND {3} AND t.{4} < u.version AND (t.{4} = -1 OR {5}))",
                     f.replica, f.keys.rows({kVersion}), kHasUnmet, f.keys.row_matches(), f.version,
                     newer_than_tombstone(f));
}

// A tombstone with the put's own version was left by the sweep that deleted the put's row.
std::string recheck_sql(const Fragments& f) {
  return fmt::format(R"(DELETE FROM {0} t
USING {1}
WHERE {2}::numeric <= (SELECT max(m.version) FROM {3} m)
  AND {4} AND t.{5} = u.version
  AND (SELECT d.version >= u.version FROM {3} d WHERE {6}))",
                     f.replica, f.keys.rows({kVersion}), f.keys.parameter(1), f.tombstones,
                     f.keys.row_matches(), f.version, f.keys.tombstone_matches());
}

std::string recheck_scanned_sql(const Fragments& f) {
  return fmt::format(R"(DELETE FROM {0} t
USING {1}
WHERE (SELECT true FROM {3} LIMIT 1) AND {4} AND t.{5} = {2}::integer
  AND (SELECT d.epoch >= {2}::integer AND d.version > t.{6} FROM {3} d WHERE {7}))",
                     f.replica, f.keys.rows(), f.keys.parameter(0), f.tombstones,
                     f.keys.row_matches(), f.epoch, f.version, f.keys.tombstone_matches());
}

// A key that has a row now has one with a newer version: its remove was late and leaves no
// tombstone.
std::string tombstone_sql(const Fragments& f) {
  return fmt::format(R"({}
FROM {}
WHERE {} AND (SELECT true FROM {} t WHERE {}) IS NULL
{})",
                     insert_tombstones(f), f.keys.rows({kVersion}), kHasUnmet, f.replica,
                     f.keys.row_matches(), unless_newer_tombstone(f));
}

std::string stamp_sql(const Fragments& f) {
  return fmt::format(
      "UPDATE {0} t SET {1} = {2}::integer FROM {3} WHERE {4} AND t.{1} < {2}::integer", f.replica,
      f.epoch, f.keys.parameter(0), f.keys.rows(), f.keys.row_matches());
}

void add_history_sql(TargetSql& sql, const Fragments& f, const Target& target) {
  const HistoryTable history = history_of(target);
  const std::string pass = f.keys.parameter(0) + "::integer";
  sql.history = history_insert_sql(history);
  sql.history_read = history_read_sql(history, history_target(target));
  sql.history_scanned = history_scanned_sql(history, history_target(target));
  if (f.layout.keeps())
    sql.delete_untaken =
        delete_untaken_sql(f, target, ",\n" + history_gone_sql(history, kHistoryLeft, pass));
}

}  // namespace

TargetSql target_sql(const Replica& replica, const Target& target) {
  const Fragments fragments{replica, target};
  const bool keeps = target.layout.keeps();
  TargetSql sql{
      .put = put_sql(fragments),
      .put_scanned = put_scanned_sql(fragments),
      .copy = copy_sql(fragments),
      .remove = keeps ? remove_or_keep_sql(fragments) : remove_sql(fragments),
      .remove_held = keeps ? remove_or_keep_held_sql(fragments) : remove_held_sql(fragments),
      .tombstone = tombstone_sql(fragments),
      .note_unmet = fmt::format("SELECT {}", kNoteUnmet),
      .lock_writers = fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", fragments.replica),
      .recheck = recheck_sql(fragments),
      .recheck_scanned = recheck_scanned_sql(fragments),
      .delete_untaken = keeps ? delete_untaken_sql(fragments, target, "") : std::string{},
      .stamp = stamp_sql(fragments),
      .history = {},
      .history_read = {},
      .history_scanned = {}};
  if (target.mapping.rules.history) add_history_sql(sql, fragments, target);
  return sql;
}

}  // namespace dynamite
