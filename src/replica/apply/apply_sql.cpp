#include "replica/apply/apply_sql.hpp"

#include <fmt/format.h>

#include <initializer_list>

#include "pg/identifier.hpp"

namespace dynamite {
namespace {

std::string_view key_cast(KeyType type) {
  switch (type) {
    case KeyType::S:
      return "";
    case KeyType::N:
      return "::numeric";
    case KeyType::B:
      return "::bytea";
  }
  return "";
}

/// An array parameter: the name and type of its elements, and what these are cast to.
struct Field {
  std::string_view name, type, cast;
};

constexpr Field kItem{"item", "text", "::jsonb"};
constexpr Field kTypes{"types", "text", "::jsonb"};
constexpr Field kTime{"time", "timestamptz", ""};
constexpr Field kVersion{"version", "numeric", ""};

/// The names and fragments that the statements are put together from.
class Fragments {
 public:
  Fragments(const Replica& table, const Target& target)
      : replica{target.qualified_name()},
        tombstones{target.tombstones},
        columns{table.key_columns()},
        bookkeeping{bookkeeping_columns(table.source->key_schema)},
        current_epoch{fmt::format("(SELECT r.epoch FROM {} r WHERE r.replica_id = {})",
                                  state_name(table.state_schema, "replica"), table.id)} {
    const KeySchema& keys = table.source->key_schema;
    casts.emplace_back(key_cast(keys.partition.type));
    if (keys.sort) casts.emplace_back(key_cast(keys.sort->type));
    item = quote_identifier(bookkeeping.item);
    mod_time = quote_identifier(bookkeeping.mod_time);
    create_time = quote_identifier(bookkeeping.create_time);
    types = quote_identifier(bookkeeping.types);
    version = quote_identifier(bookkeeping.version);
    epoch = quote_identifier(bookkeeping.epoch);
  }

  std::size_t key_count() const { return columns.size(); }
  std::string key_columns() const { return fmt::format("{}", fmt::join(columns, ", ")); }
  std::string source_keys() const { return key_count() == 2 ? "u.k1, u.k2" : "u.k1"; }
  std::string tombstone_keys() const { return key_count() == 2 ? "k1, k2" : "k1"; }

  /// `t."pk" = u.k1 AND …`
  std::string row_matches() const {
    std::string sql = fmt::format("t.{} = u.k1", columns[0]);
    if (key_count() == 2) sql += fmt::format(" AND t.{} = u.k2", columns[1]);
    return sql;
  }

  std::string tombstone_matches() const {
    return key_count() == 2 ? "d.k1 = u.k1 AND d.k2 = u.k2" : "d.k1 = u.k1";
  }

  /// The parameter behind the keys and `arrays` further arrays.
  std::string parameter(std::size_t arrays) const {
    return fmt::format("${}", key_count() + arrays + 1);
  }

  /// The arrays as rows: the typed keys, then `fields`, then the row's number n.
  std::string select_rows(std::initializer_list<Field> fields) const {
    std::vector<std::string> parameters, raw, typed;
    const auto add = [&](std::string name, std::string_view type, std::string_view cast) {
      parameters.push_back(fmt::format("${}::{}[]", parameters.size() + 1, type));
      typed.push_back(fmt::format("a.{0}{1} AS {0}", name, cast));
      raw.push_back(std::move(name));
    };
    for (std::size_t part = 0; part < key_count(); ++part)
      add(fmt::format("k{}", part + 1), "text", casts[part]);
    for (const Field& field : fields) add(std::string{field.name}, field.type, field.cast);
    return fmt::format("SELECT {}, a.n FROM unnest({}) WITH ORDINALITY AS a({}, n)",
                       fmt::join(typed, ", "), fmt::join(parameters, ", "), fmt::join(raw, ", "));
  }

  std::string rows(std::initializer_list<Field> fields) const {
    return "(" + select_rows(fields) + ") AS u";
  }

  std::string replica, tombstones;
  std::vector<std::string> columns, casts;
  BookkeepingColumns bookkeeping;
  std::string item, mod_time, create_time, types, version, epoch;
  std::string current_epoch;
};

// A scalar subquery keeps one index probe a row, where NOT EXISTS would join the whole tombstone
// table.
std::string newer_than_tombstone(const Fragments& f) {
  return fmt::format("coalesce((SELECT d.version < u.version FROM {} d WHERE {}), true)",
                     f.tombstones, f.tombstone_matches());
}

// No probe at all where the lowest version is above every tombstone's, which is the normal case. As
// a subquery that is found out once, not for each row.
std::string no_tombstone(const Fragments& f, std::string_view lowest) {
  return fmt::format(
      "((SELECT {}::numeric > coalesce((SELECT max(m.version) FROM {} m), -1))\n  OR {})", lowest,
      f.tombstones, newer_than_tombstone(f));
}

std::string put_sql(const Fragments& f) {
  return fmt::format(
      R"(INSERT INTO {replica} AS t ({keys}, {item}, {types}, {mod_time}, {create_time}, {version}, {epoch})
SELECT {source_keys}, u.item, u.types, u.time, u.time, u.version, {current}
FROM {rows}
WHERE {guard}
ON CONFLICT ({keys}) DO UPDATE SET {item} = excluded.{item}, {types} = excluded.{types},
  {mod_time} = excluded.{mod_time}, {version} = excluded.{version}, {epoch} = excluded.{epoch}
WHERE t.{version} < excluded.{version})",
      fmt::arg("replica", f.replica), fmt::arg("keys", f.key_columns()), fmt::arg("item", f.item),
      fmt::arg("types", f.types), fmt::arg("mod_time", f.mod_time),
      fmt::arg("create_time", f.create_time), fmt::arg("version", f.version),
      fmt::arg("epoch", f.epoch), fmt::arg("source_keys", f.source_keys()),
      fmt::arg("current", f.current_epoch),
      fmt::arg("rows", f.rows({kItem, kTypes, kTime, kVersion})),
      fmt::arg("guard", no_tombstone(f, f.parameter(4))));
}

std::string put_scanned_sql(const Fragments& f) {
  return fmt::format(
      R"(INSERT INTO {replica} AS t ({keys}, {item}, {types}, {mod_time}, {create_time}, {version}, {epoch})
SELECT {source_keys}, u.item, u.types, u.time, u.time, 0, {pass}::integer
FROM {rows}
WHERE coalesce((SELECT d.epoch < {pass}::integer FROM {tombstones} d WHERE {matches}), true)
ON CONFLICT ({keys}) DO UPDATE SET {item} = excluded.{item}, {types} = excluded.{types},
  {mod_time} = excluded.{mod_time}, {epoch} = excluded.{epoch}
WHERE t.{epoch} < excluded.{epoch})",
      fmt::arg("replica", f.replica), fmt::arg("keys", f.key_columns()), fmt::arg("item", f.item),
      fmt::arg("types", f.types), fmt::arg("mod_time", f.mod_time),
      fmt::arg("create_time", f.create_time), fmt::arg("version", f.version),
      fmt::arg("epoch", f.epoch), fmt::arg("source_keys", f.source_keys()),
      fmt::arg("pass", f.parameter(3)), fmt::arg("rows", f.rows({kItem, kTypes, kTime})),
      fmt::arg("tombstones", f.tombstones), fmt::arg("matches", f.tombstone_matches()));
}

std::string copy_sql(const Fragments& f) {
  return fmt::format("COPY {} ({}, {}, {}, {}, {}, {}, {}) FROM STDIN (FORMAT binary)", f.replica,
                     f.key_columns(), f.item, f.mod_time, f.create_time, f.types, f.version,
                     f.epoch);
}

std::string insert_tombstones(const Fragments& f) {
  return fmt::format(R"(INSERT INTO {} AS d ({}, version, epoch)
  SELECT {}, u.version, {})",
                     f.tombstones, f.tombstone_keys(), f.source_keys(), f.current_epoch);
}

std::string unless_newer_tombstone(const Fragments& f) {
  return fmt::format(R"(ON CONFLICT ({}) DO UPDATE SET version = excluded.version,
    epoch = excluded.epoch, removed_at = excluded.removed_at
  WHERE d.version < excluded.version)",
                     f.tombstone_keys());
}

/// Of a transaction in which a remove met no row that it could delete; docs/protocol.md, "One
/// transaction".
constexpr std::string_view kHasUnmet = "current_setting('dynamite.unmet', true) = 'on'";
constexpr std::string_view kNoteUnmet = "set_config('dynamite.unmet', 'on', true)";

// Where a remove deletes its row, no put gets in between any more, and its tombstone is left at
// once. For the others, which are rare, each key's place is held by this transaction as well: a
// placeholder stands there, or a row that came in meanwhile is locked (DO UPDATE locks what it
// then leaves alone). Not held are keys whose remove is late: a newer row or tombstone is
// committed.
std::string remove_sql(const Fragments& f) {
  return fmt::format(R"(WITH u AS MATERIALIZED ({rows}), gone AS (
  DELETE FROM {replica} t USING u
  WHERE {row_matches} AND t.{version} < u.version AND {no_tombstone}
  RETURNING u.*),
left_behind AS (
  {insert_tombstones}
  FROM gone AS u
  {unless_newer_tombstone}
  RETURNING true),
held AS (
  INSERT INTO {replica} AS t ({keys}, {item}, {mod_time}, {create_time}, {version}, {epoch})
  SELECT {source_keys}, '{{}}'::jsonb, now(), now(), -1, 0
  FROM u
  WHERE u.n NOT IN (SELECT gone.n FROM gone) AND {newer_than_tombstone}
    AND (SELECT true FROM {replica} t WHERE {row_matches} AND t.{version} > u.version) IS NULL
  ON CONFLICT ({keys}) DO UPDATE SET {version} = t.{version} WHERE false)
SELECT (SELECT count(*) FROM left_behind),
  CASE WHEN (SELECT count(*) FROM u) > (SELECT count(*) FROM gone)
    THEN {note_unmet} END)",
                     fmt::arg("rows", f.select_rows({kVersion})), fmt::arg("replica", f.replica),
                     fmt::arg("row_matches", f.row_matches()), fmt::arg("version", f.version),
                     fmt::arg("no_tombstone", no_tombstone(f, f.parameter(1))),
                     fmt::arg("newer_than_tombstone", newer_than_tombstone(f)),
                     fmt::arg("insert_tombstones", insert_tombstones(f)),
                     fmt::arg("unless_newer_tombstone", unless_newer_tombstone(f)),
                     fmt::arg("note_unmet", kNoteUnmet), fmt::arg("keys", f.key_columns()),
                     fmt::arg("item", f.item), fmt::arg("mod_time", f.mod_time),
                     fmt::arg("create_time", f.create_time), fmt::arg("epoch", f.epoch),
                     fmt::arg("source_keys", f.source_keys()));
}

// A placeholder's version, -1, is below every other. No tombstone spares it.
std::string remove_held_sql(const Fragments& f) {
  return fmt::format(R"(DELETE FROM {0} t
USING {1}
WHERE {2} AND {3} AND t.{4} < u.version AND (t.{4} = -1 OR {5}))",
                     f.replica, f.rows({kVersion}), kHasUnmet, f.row_matches(), f.version,
                     newer_than_tombstone(f));
}

// A tombstone of the put's own version is that of a row that a pass swept.
std::string recheck_sql(const Fragments& f) {
  return fmt::format(R"(DELETE FROM {0} t
USING {1}
WHERE {2}::numeric <= (SELECT max(m.version) FROM {3} m)
  AND {4} AND t.{5} = u.version
  AND (SELECT d.version >= u.version FROM {3} d WHERE {6}))",
                     f.replica, f.rows({kVersion}), f.parameter(1), f.tombstones, f.row_matches(),
                     f.version, f.tombstone_matches());
}

std::string recheck_scanned_sql(const Fragments& f) {
  return fmt::format(R"(DELETE FROM {0} t
USING {1}
WHERE (SELECT true FROM {3} LIMIT 1) AND {4} AND t.{5} = {2}::integer
  AND (SELECT d.epoch >= {2}::integer AND d.version > t.{6} FROM {3} d WHERE {7}))",
                     f.replica, f.rows({}), f.parameter(0), f.tombstones, f.row_matches(), f.epoch,
                     f.version, f.tombstone_matches());
}

// A key that has a row now has one with a newer version: its remove was late and leaves no
// tombstone.
std::string tombstone_sql(const Fragments& f) {
  return fmt::format(R"({}
FROM {}
WHERE {} AND (SELECT true FROM {} t WHERE {}) IS NULL
{})",
                     insert_tombstones(f), f.rows({kVersion}), kHasUnmet, f.replica,
                     f.row_matches(), unless_newer_tombstone(f));
}

std::string stamp_sql(const Fragments& f) {
  return fmt::format(
      "UPDATE {0} t SET {1} = {2}::integer FROM {3} WHERE {4} AND t.{1} < {2}::integer", f.replica,
      f.epoch, f.parameter(0), f.rows({}), f.row_matches());
}

std::string newest_version_sql(const Fragments& f) {
  return fmt::format(
      R"(SELECT {0}, greatest(coalesce((SELECT t.{1} FROM {2} t WHERE {3}), 0),
  coalesce((SELECT d.version FROM {4} d WHERE {5}), 0))
FROM {6} ORDER BY u.n)",
      f.current_epoch, f.version, f.replica, f.row_matches(), f.tombstones, f.tombstone_matches(),
      f.rows({}));
}

// Rows of pages that came in meanwhile have the epoch of the pass that runs, or a later one.
std::string without_ghost_sql(const Fragments& f, const Replica& table) {
  return fmt::format(
      R"(SELECT u.n FROM {rows}
WHERE NOT EXISTS (SELECT FROM {replica} t WHERE {row_matches} AND (
  t.{epoch} < (SELECT CASE r.pass WHEN 'sweeping' THEN r.epoch ELSE r.completed_epoch END
               FROM {state} r WHERE r.replica_id = {id})
  OR EXISTS (SELECT FROM {tombstones} d
             WHERE {tombstone_matches} AND d.epoch >= t.{epoch} AND d.version > t.{version}))))",
      fmt::arg("rows", f.rows({})), fmt::arg("replica", f.replica),
      fmt::arg("row_matches", f.row_matches()), fmt::arg("epoch", f.epoch),
      fmt::arg("state", state_name(table.state_schema, "replica")), fmt::arg("id", table.id),
      fmt::arg("tombstones", f.tombstones), fmt::arg("tombstone_matches", f.tombstone_matches()),
      fmt::arg("version", f.version));
}

std::string dead_letter_sql(const std::string& state_schema) {
  return fmt::format(R"(INSERT INTO {}
  (replica_id, key, version, record, reason, sqlstate, constraint_name)
VALUES ($1::integer, $2, $3::numeric, $4, $5, $6, $7) ON CONFLICT DO NOTHING)",
                     state_name(state_schema, "dead_letter"));
}

std::string checkpoint_sql(const std::string& state_schema) {
  return fmt::format(R"(INSERT INTO {} AS c
  (replica_id, lane, position, finished, records, record_time)
VALUES ($1::integer, $2, $3, $4::boolean, $5::bigint, $6::timestamptz)
ON CONFLICT (replica_id, lane) DO UPDATE SET position = excluded.position,
  finished = excluded.finished, records = c.records + excluded.records,
  record_time = coalesce(excluded.record_time, c.record_time), updated_at = now())",
                     state_name(state_schema, "checkpoint"));
}

// The function says what is wrong, and takes as long as all else of a small batch: it is called
// only where something is.
std::string require_follower_sql(const std::string& state_schema) {
  return fmt::format(R"(SELECT {}($1::integer, $2::bigint, $3::bigint, $4::bigint)
WHERE (SELECT true FROM {} r WHERE r.replica_id = $1::integer
  AND CASE WHEN $2::bigint IS NULL THEN r.follower <> 'daemon' ELSE r.fencing_number = $2::bigint END
  AND coalesce($3::bigint >= r.oldest_stream, true) AND r.mapping = $4::bigint) IS NULL)",
                     state_name(state_schema, "require_follower"),
                     state_name(state_schema, "replica"));
}

}  // namespace

ApplySql apply_sql(const Replica& table, const Target& target) {
  const Fragments fragments{table, target};
  const auto call = [&](const std::string& function, std::string_view arguments) {
    return fmt::format("SELECT {}({})", state_name(table.state_schema, function), arguments);
  };
  return {
      .put = put_sql(fragments),
      .put_scanned = put_scanned_sql(fragments),
      .copy = copy_sql(fragments),
      .remove = remove_sql(fragments),
      .remove_held = remove_held_sql(fragments),
      .tombstone = tombstone_sql(fragments),
      .note_unmet = fmt::format("SELECT {}", kNoteUnmet),
      .lock_writers = fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", fragments.replica),
      .recheck = recheck_sql(fragments),
      .recheck_scanned = recheck_scanned_sql(fragments),
      .stamp = stamp_sql(fragments),
      .newest_version = newest_version_sql(fragments),
      .without_ghost = without_ghost_sql(fragments, table),
      .require_follower = require_follower_sql(table.state_schema),
      .require_pass = call("require_pass", "$1::integer, $2::integer, $3::bigint"),
      .require_epoch = call("require_epoch", "$1::integer, $2::integer, $3::bigint"),
      .require_before = call("require_before", "$1::timestamptz"),
      .dead_letter = dead_letter_sql(table.state_schema),
      .require_dead_letters = call("require_dead_letters", "$1::integer, $2::bigint"),
      .discard_dead_letters =
          fmt::format("DELETE FROM {} WHERE dead_letter_id = ANY ($1::bigint[])",
                      state_name(table.state_schema, "dead_letter")),
      .checkpoint = checkpoint_sql(table.state_schema)};
}

}  // namespace dynamite
