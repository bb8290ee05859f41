#include "replica/state/state_sql.hpp"

#include <fmt/format.h>

#include <array>

#include "pg/identifier.hpp"
#include "pg/session_settings.hpp"
#include "replica/state/upgrade_sql.hpp"

namespace dynamite {
namespace {

// The placeholders are state_text's.
constexpr auto kStateTables = std::to_array<std::string_view>({
    R"(CREATE TABLE {0}.catalogue (
  version integer NOT NULL))",

    R"(CREATE TABLE {0}.replica (
  replica_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_arn text NOT NULL UNIQUE,
  table_name text NOT NULL,
  partition_key text NOT NULL,
  partition_type "char" NOT NULL CHECK (partition_type IN ('S', 'N', 'B')),
  sort_key text,
  sort_type "char" CHECK (sort_type IN ('S', 'N', 'B')),
  epoch integer NOT NULL DEFAULT 0,
  pass text NOT NULL DEFAULT 'none' CHECK (pass IN ('none', 'running', 'sweeping')),
  pass_segments integer,
  pass_started_at timestamptz,
  oldest_stream bigint NOT NULL DEFAULT 0,
  completed_epoch integer NOT NULL DEFAULT 0,
  completed_at timestamptz,
  follower text NOT NULL DEFAULT 'lambda' CHECK (follower IN ('lambda', 'daemon')),
  fencing_number bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'created'
    CHECK (state IN ('created', 'snapshot', 'catching up', 'following', 'stopped')),
  problem text,
  followed_at timestamptz,
  mapping bigint NOT NULL DEFAULT 1,
  owner bigint NOT NULL DEFAULT -1,
  oldest_generation bigint NOT NULL DEFAULT 9223372036854775807))",

    R"(CREATE TABLE {0}.stream (
  stream_arn text PRIMARY KEY,
  replica_id integer NOT NULL REFERENCES {0}.replica,
  generation bigint NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'finished')),
  first_seen_at timestamptz NOT NULL DEFAULT now()))",

    R"(CREATE TABLE {0}.checkpoint (
  replica_id integer NOT NULL REFERENCES {0}.replica,
  lane text NOT NULL,
  position text,
  finished boolean NOT NULL DEFAULT false,
  records bigint NOT NULL DEFAULT 0,
  record_time timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  untaken bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (replica_id, lane)))",

    R"(CREATE TABLE {0}.dead_letter (
  dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  replica_id integer NOT NULL REFERENCES {0}.replica,
  key bytea NOT NULL,
  version numeric NOT NULL,
  record bytea NOT NULL,
  reason text NOT NULL,
  sqlstate text,
  constraint_name text,
  created_at timestamptz NOT NULL DEFAULT now()))",

    // A record whose key could not be read is told from others by its own bytes. Digests, because a
    // key may be longer than an index takes.
    R"(CREATE UNIQUE INDEX dead_letter_once ON {0}.dead_letter
  (replica_id, sha256(key), version, sha256(record)))",

    R"(CREATE INDEX dead_letter_recent ON {0}.dead_letter (replica_id, created_at))",

    R"(CREATE TABLE {0}.gap (
  gap_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  replica_id integer NOT NULL REFERENCES {0}.replica,
  stream_arn text,
  shard_id text,
  reason text NOT NULL,
  noticed_epoch integer NOT NULL,
  noticed_at timestamptz NOT NULL DEFAULT now(),
  healed_at timestamptz))",
});

constexpr std::string_view kReplicaTargetTable = R"(CREATE TABLE {0}.replica_target (
  target_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  replica_id integer NOT NULL REFERENCES {0}.replica ON DELETE CASCADE,
  target_schema text NOT NULL,
  target_table text NOT NULL,
  tombstone_table text NOT NULL,
  layout text NOT NULL CHECK (layout IN ('document', 'columns')),
  mapping jsonb NOT NULL,
  since_epoch integer NOT NULL DEFAULT 1,
  changed_at timestamptz,
  history_expired_to timestamptz,
  UNIQUE (target_schema, target_table)))";

constexpr std::string_view kReplicaTargetIndex = "CREATE INDEX ON {0}.replica_target (replica_id)";

// A name may be longer than an index takes: its digest tells it from others.
constexpr std::string_view kAttributeTable = R"(CREATE TABLE {0}.attribute (
  target_id integer NOT NULL REFERENCES {0}.replica_target ON DELETE CASCADE,
  digest bytea NOT NULL,
  type text NOT NULL
    CHECK (type IN ('S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'M', 'L')),
  name text NOT NULL,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  share double precision,
  PRIMARY KEY (target_id, digest, type)))";

constexpr auto kStateFunctions = std::to_array<std::string_view>({
    R"({3} FUNCTION {0}.require_mapping(of_replica integer, expected_mapping bigint) RETURNS void
LANGUAGE plpgsql {1} AS {2}
DECLARE now_mapped {0}.replica%ROWTYPE;
BEGIN
  SELECT * INTO now_mapped FROM {0}.replica WHERE replica_id = of_replica;
  IF now_mapped.mapping IS DISTINCT FROM expected_mapping THEN
    RAISE EXCEPTION 'mapping % of "%" was followed by mapping %', expected_mapping,
      now_mapped.table_name, now_mapped.mapping USING ERRCODE = 'DY007',
      HINT = 'run it again: rows are made by the new mapping then';
  END IF;
END {2})",

    R"({3} FUNCTION {0}.require_follower(of_replica integer, expected_owner bigint,
  lowest_generation bigint, expected_mapping bigint) RETURNS void
LANGUAGE plpgsql {1} AS {2}
DECLARE now_following {0}.replica%ROWTYPE;
BEGIN
  SELECT * INTO now_following FROM {0}.replica WHERE replica_id = of_replica;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'replica % is no longer registered', of_replica USING ERRCODE = 'DY001',
      HINT = 'run `dynamite bootstrap`, then start again';
  ELSIF expected_owner IS NULL AND now_following.follower = 'daemon' THEN
    RAISE EXCEPTION 'a daemon follows "%"', now_following.table_name USING ERRCODE = 'DY001',
      HINT = 'stop the daemon, or run `dynamite release` if it is dead';
  ELSIF expected_owner IS NOT NULL AND now_following.fencing_number IS DISTINCT FROM expected_owner THEN
    RAISE EXCEPTION 'owner % of "%" was followed by owner %', expected_owner,
      now_following.table_name, now_following.fencing_number USING ERRCODE = 'DY001';
  ELSIF lowest_generation < now_following.oldest_stream THEN
    RAISE EXCEPTION 'records of "%" are of a stream that ended before the last pass began',
      now_following.table_name USING ERRCODE = 'DY006';
  END IF;
  PERFORM {0}.require_mapping(of_replica, expected_mapping);
END {2})",

    R"({3} FUNCTION {0}.require_pass(of_replica integer, expected_epoch integer,
  expected_mapping bigint) RETURNS void
LANGUAGE plpgsql {1} AS {2}
DECLARE now_running {0}.replica%ROWTYPE;
BEGIN
  SELECT * INTO now_running FROM {0}.replica WHERE replica_id = of_replica;
  IF now_running.pass IS DISTINCT FROM 'running' OR now_running.epoch <> expected_epoch THEN
    RAISE EXCEPTION 'pass % of "%" is not running: the pass is %, its state %', expected_epoch,
      now_running.table_name, now_running.epoch, now_running.pass USING ERRCODE = 'DY002';
  END IF;
  PERFORM {0}.require_mapping(of_replica, expected_mapping);
END {2})",

    R"({3} FUNCTION {0}.require_epoch(of_replica integer, expected_epoch integer,
  expected_mapping bigint) RETURNS void
LANGUAGE plpgsql {1} AS {2}
BEGIN
  IF (SELECT epoch FROM {0}.replica WHERE replica_id = of_replica) IS DISTINCT FROM expected_epoch THEN
    RAISE EXCEPTION 'a pass has begun since the items were read back' USING ERRCODE = 'DY005';
  END IF;
  PERFORM {0}.require_mapping(of_replica, expected_mapping);
END {2})",

    R"({3} FUNCTION {0}.require_before(deadline timestamptz) RETURNS void
LANGUAGE plpgsql {1} AS {2}
BEGIN
  IF clock_timestamp() >= deadline THEN
    RAISE EXCEPTION 'the deadline passed before the commit' USING ERRCODE = 'DY003';
  END IF;
END {2})",

    R"({3} FUNCTION {0}.require_dead_letters(of_replica integer, allowed bigint) RETURNS void
LANGUAGE plpgsql {1} AS {2}
DECLARE recent bigint;
BEGIN
  SELECT count(*) INTO recent FROM {0}.dead_letter
    WHERE replica_id = of_replica AND created_at > now() - interval '1 hour';
  IF recent > allowed THEN
    RAISE EXCEPTION '"%" has more than % dead letters within an hour',
      (SELECT table_name FROM {0}.replica WHERE replica_id = of_replica), allowed
      USING ERRCODE = 'DY004', HINT = 'see reason and constraint_name in the state schema''s dead_letter; '
        'a wrong index or constraint on the replica refuses everything';
  END IF;
END {2})",

    R"({3} VIEW {0}.status AS
SELECT r.table_name, r.source_arn, format('%I.%I', t.target_schema, t.target_table) AS replica,
  t.layout, r.state, r.problem, r.follower,
  r.fencing_number AS owner, r.epoch, r.pass, r.completed_epoch,
  r.completed_at, c.record_time AS last_record_time, c.updated_at AS last_applied_at,
  coalesce(c.records, 0) AS records, coalesce(c.shards_open, 0) AS shards_open,
  coalesce(s.segments_done, 0) AS segments_done, r.pass_segments AS segments_total,
  coalesce(s.items, 0) AS items_scanned,
  (SELECT count(*) FROM {0}.dead_letter d WHERE d.replica_id = r.replica_id) AS dead_letters,
  (SELECT count(*) FROM {0}.gap g WHERE g.replica_id = r.replica_id AND g.healed_at IS NULL)
    AS open_gaps,
  r.completed_epoch < t.since_epoch AS needs_pass, t.target_id,
  coalesce(c.untaken, 0) AS untaken, coalesce(s.untaken, 0) AS items_untaken
FROM {0}.replica_target t JOIN {0}.replica r ON r.replica_id = t.replica_id
LEFT JOIN LATERAL (
  SELECT max(record_time) AS record_time, max(updated_at) AS updated_at, sum(records) AS records,
    sum(untaken) AS untaken, count(*) FILTER (WHERE NOT finished) AS shards_open
  FROM {0}.checkpoint k WHERE k.replica_id = r.replica_id AND k.lane LIKE 'shard/%') c ON true
LEFT JOIN LATERAL (
  SELECT sum(records) AS items, sum(untaken) AS untaken,
    count(*) FILTER (WHERE finished) AS segments_done
  FROM {0}.checkpoint k
  WHERE k.replica_id = r.replica_id AND k.lane LIKE format('segment/%s/%%', r.epoch)) s ON true)",
});

/// A dollar quote for a text that holds `name`: no `$` of the name ends the quote.
std::string dollar_quote(const std::string& name) {
  std::string tag = "dynamite";
  while (name.find("$" + tag + "$") != std::string::npos) tag += '_';
  return "$" + tag + "$";
}

}  // namespace

std::string state_text(std::string_view text, const std::string& state_schema,
                       std::string_view create, std::string_view more) {
  // The texts hold no braces but the placeholders.
  return fmt::format(fmt::runtime(text), quote_identifier(state_schema), search_path_sql(),
                     dollar_quote(state_schema), create, more);
}

std::vector<std::string> schema_sql(const std::string& name) {
  return {"CREATE SCHEMA " + quote_identifier(name)};
}

std::vector<std::string> target_tables_sql(const std::string& state_schema) {
  std::vector<std::string> sql;
  for (const std::string_view text : {kReplicaTargetTable, kReplicaTargetIndex, kAttributeTable})
    sql.push_back(state_text(text, state_schema));
  return sql;
}

std::vector<std::string> state_functions_sql(const std::string& state_schema,
                                             std::string_view create) {
  std::vector<std::string> sql;
  for (const std::string_view text : kStateFunctions)
    sql.push_back(state_text(text, state_schema, create));
  return sql;
}

std::vector<std::string> state_schema_sql(const std::string& state_schema, bool is_there) {
  const std::string schema = quote_identifier(state_schema);
  std::vector<std::string> sql;
  if (!is_there) {
    sql = schema_sql(state_schema);
    sql.push_back(
        fmt::format("COMMENT ON SCHEMA {} IS 'state of dynamite, which keeps replicas of "
                    "DynamoDB tables; see the view status'",
                    schema));
  }
  const auto append = [&](const std::vector<std::string>& more) {
    sql.insert(sql.end(), more.begin(), more.end());
  };
  for (const auto table : kStateTables) sql.push_back(state_text(table, state_schema));
  append(target_tables_sql(state_schema));
  append(state_functions_sql(state_schema, "CREATE"));
  append(refusals_sql(state_schema, "CREATE"));
  sql.push_back(
      fmt::format("INSERT INTO {}.catalogue (version) VALUES ({})", schema, kCatalogueVersion));
  return sql;
}

std::string search_path_sql() { return fmt::format("SET search_path = {}", pg::kSearchPath); }

}  // namespace dynamite
