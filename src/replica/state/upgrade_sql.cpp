#include "replica/state/upgrade_sql.hpp"

#include <fmt/format.h>

#include <array>

#include "pg/identifier.hpp"
#include "replica/state/state_sql.hpp"

namespace dynamite {
namespace {

// Programs of older versions take SQLSTATE class 42 for a mistake of the user: a daemon stops with
// this message, and Lambda looks at the version of the catalogue.
constexpr std::string_view kRefuse = R"(BEGIN
  RAISE EXCEPTION 'the state schema was upgraded to version {} by a newer dynamite'
    USING ERRCODE = '42DY2', HINT = 'install the newer dynamite here too';
END)";

// Programs of version 1 call these functions. No stream is as new as `oldest_generation` demands,
// so that their fence does call the functions. Here {4} is kRefuse.
//
// Programs of version 2 know another number of the mapping than the upgrade leaves. They load the
// catalogue then, whose table of targets was `target`. PostgreSQL computes an immutable function of
// constants when it plans a statement, so that it refuses whatever names the view.
constexpr auto kRefusals = std::to_array<std::string_view>({
    R"({3} FUNCTION {0}.require_follower(of_replica integer, expected_owner bigint,
  lowest_generation bigint) RETURNS void
LANGUAGE plpgsql {1} AS {2}
{4} {2})",

    R"({3} FUNCTION {0}.require_pass(of_replica integer, expected_epoch integer) RETURNS void
LANGUAGE plpgsql {1} AS {2}
{4} {2})",

    R"({3} FUNCTION {0}.require_epoch(of_replica integer, expected_epoch integer) RETURNS void
LANGUAGE plpgsql {1} AS {2}
{4} {2})",

    R"({3} FUNCTION {0}.refuse_version_1() RETURNS trigger
LANGUAGE plpgsql {1} AS {2}
{4} {2})",

    // Programs of version 1 set these columns to take a table or to start a pass.
    R"(CREATE TRIGGER refuse_version_1 BEFORE UPDATE OF owner, oldest_generation ON {0}.replica
FOR EACH ROW EXECUTE FUNCTION {0}.refuse_version_1())",

    R"(COMMENT ON COLUMN {0}.replica.owner IS
  'refuses programs of version 1; see fencing_number')",

    R"(COMMENT ON COLUMN {0}.replica.oldest_generation IS
  'refuses programs of version 1; see oldest_stream')",

    R"({3} FUNCTION {0}.refuse_version_2() RETURNS boolean
LANGUAGE plpgsql IMMUTABLE {1} AS {2}
{4} {2})",

    R"({3} VIEW {0}.target AS SELECT * FROM {0}.replica_target WHERE {0}.refuse_version_2())",

    R"(COMMENT ON VIEW {0}.target IS 'refuses programs of version 2; see replica_target')",
});

// {4}: a row (replica_id, tombstone_table) of each replica.
constexpr auto kToVersion2 = std::to_array<std::string_view>({
    R"(CREATE TABLE {0}.target (
  target_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  replica_id integer NOT NULL,
  target_schema text NOT NULL,
  target_table text NOT NULL,
  tombstone_table text NOT NULL,
  layout text NOT NULL,
  since_epoch integer NOT NULL DEFAULT 1))",

    R"(INSERT INTO {0}.target (replica_id, target_schema, target_table, tombstone_table, layout)
SELECT r.replica_id, r.target_schema, r.target_table, n.tombstone_table, r.layout
FROM {0}.replica r LEFT JOIN (VALUES {4}) AS n (replica_id, tombstone_table)
  ON n.replica_id = r.replica_id
ORDER BY r.replica_id)",

    "ALTER TABLE {0}.replica RENAME COLUMN owner TO fencing_number",

    "ALTER TABLE {0}.replica RENAME COLUMN oldest_generation TO oldest_stream",

    R"(ALTER TABLE {0}.replica ADD COLUMN mapping bigint NOT NULL DEFAULT 1,
  ADD COLUMN owner bigint NOT NULL DEFAULT -1,
  ADD COLUMN oldest_generation bigint NOT NULL DEFAULT 9223372036854775807)",

    // A daemon of version 1 that is not fenced fails by the next record, and says why.
    "UPDATE {0}.replica SET owner = fencing_number",
});

constexpr std::string_view kDropColumnsOfVersion1 = R"(ALTER TABLE {0}.replica
  DROP COLUMN target_schema, DROP COLUMN target_table, DROP COLUMN layout)";

constexpr std::string_view kDropTriggerOfOlderVersion =
    "DROP TRIGGER refuse_version_1 ON {0}.replica";

// {4}: the mapping of all targets of version 2.
constexpr std::string_view kTargetsOfVersion2 = R"(INSERT INTO {0}.replica_target (replica_id,
  target_schema, target_table, tombstone_table, layout, mapping, since_epoch)
SELECT replica_id, target_schema, target_table, tombstone_table, layout, {4}, since_epoch
FROM {0}.target ORDER BY target_id)";

constexpr std::string_view kAddTargetTimes = R"(ALTER TABLE {0}.replica_target
  ADD COLUMN changed_at timestamptz, ADD COLUMN history_expired_to timestamptz)";

constexpr std::string_view kAddUntaken =
    "ALTER TABLE {0}.checkpoint ADD COLUMN untaken bigint NOT NULL DEFAULT 0";

// Programs of version 2 and later load the catalogue then, and meet the view `target` or the
// version.
constexpr std::string_view kRaiseMappings = "UPDATE {0}.replica SET mapping = mapping + 1";

std::string tombstones_by_replica(const std::vector<Replica>& replicas) {
  std::string rows;
  for (const Replica& replica : replicas) {
    const Target& target = replica.targets.front();
    rows += fmt::format("{}({}, {})", rows.empty() ? "" : ", ", replica.id,
                        quote_literal(tombstone_table(target.schema, target.table)));
  }
  return rows.empty() ? "(NULL::integer, NULL::text)" : rows;
}

}  // namespace

std::vector<std::string> refusals_sql(const std::string& state_schema, std::string_view create) {
  const std::string refuse = fmt::format(kRefuse, kCatalogueVersion);
  std::vector<std::string> sql;
  for (const std::string_view text : kRefusals)
    sql.push_back(state_text(text, state_schema, create, refuse));
  return sql;
}

std::vector<std::string> upgrade_sql(const std::string& state_schema, int from_version,
                                     const std::vector<Replica>& replicas_of_version_1,
                                     const std::vector<StateGrant>& grants) {
  constexpr std::string_view kReplace = "CREATE OR REPLACE";
  std::vector<std::string> sql;
  const auto append = [&](const std::vector<std::string>& more) {
    sql.insert(sql.end(), more.begin(), more.end());
  };
  const auto append_text = [&](std::string_view text, const std::string& more = {}) {
    sql.push_back(state_text(text, state_schema, kReplace, more));
  };
  if (from_version == 1)
    for (const std::string_view text : kToVersion2)
      append_text(text, tombstones_by_replica(replicas_of_version_1));
  const bool has_old_targets = from_version < 3;
  if (has_old_targets) {
    append(target_tables_sql(state_schema));
    append_text(kTargetsOfVersion2, "'{}'");
  } else {
    append_text(kAddTargetTimes);
  }
  append_text(kAddUntaken);
  append_text(kRaiseMappings);
  append(state_functions_sql(state_schema, kReplace));
  append_text(from_version == 1 ? kDropColumnsOfVersion1 : kDropTriggerOfOlderVersion);
  if (has_old_targets) append_text("DROP TABLE {0}.target");
  append(refusals_sql(state_schema, kReplace));
  const std::string schema = quote_identifier(state_schema);
  if (has_old_targets)
    for (const StateGrant& grant : grants)
      sql.push_back(fmt::format("GRANT {0} ON {1}.replica_target, {1}.attribute, {1}.target TO {2}",
                                grant.privileges, schema, grant.role));
  sql.push_back(fmt::format("UPDATE {}.catalogue SET version = {}", schema, kCatalogueVersion));
  return sql;
}

}  // namespace dynamite
