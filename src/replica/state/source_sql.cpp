#include "replica/state/source_sql.hpp"

#include <fmt/format.h>

#include "replica/state/attributes.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {
namespace {

std::string dead_letter_sql(const std::string& state_schema, std::string_view if_there) {
  return fmt::format(R"(INSERT INTO {}
  (replica_id, key, version, record, reason, sqlstate, constraint_name)
VALUES ($1::integer, $2, $3::numeric, $4, $5, $6, $7) ON CONFLICT {})",
                     state_name(state_schema, "dead_letter"), if_there);
}

std::string checkpoint_sql(const std::string& state_schema) {
  return fmt::format(R"(INSERT INTO {} AS c
  (replica_id, lane, position, finished, records, record_time, untaken)
VALUES ($1::integer, $2, $3, $4::boolean, $5::bigint, $6::timestamptz, $7::bigint)
ON CONFLICT (replica_id, lane) DO UPDATE SET position = excluded.position,
  finished = excluded.finished, records = c.records + excluded.records,
  untaken = c.untaken + excluded.untaken,
  record_time = coalesce(excluded.record_time, c.record_time), updated_at = now())",
                     state_name(state_schema, "checkpoint"));
}

// The function takes as long as all the rest of a small batch. It is called only if something is
// wrong, and says what.
std::string require_follower_sql(const std::string& state_schema) {
  return fmt::format(R"(SELECT {}($1::integer, $2::bigint, $3::bigint, $4::bigint)
WHERE (SELECT true FROM {} r WHERE r.replica_id = $1::integer
  AND CASE WHEN $2::bigint IS NULL THEN r.follower <> 'daemon' ELSE r.fencing_number = $2::bigint END
  AND coalesce($3::bigint >= r.oldest_stream, true) AND r.mapping = $4::bigint) IS NULL)",
                     state_name(state_schema, "require_follower"),
                     state_name(state_schema, "replica"));
}

}  // namespace

SourceSql source_sql(const std::string& state_schema) {
  const auto call = [&](const std::string& function, std::string_view arguments) {
    return fmt::format("SELECT {}({})", state_name(state_schema, function), arguments);
  };
  return {
      .require_follower = require_follower_sql(state_schema),
      .require_pass = call("require_pass", "$1::integer, $2::integer, $3::bigint"),
      .require_epoch = call("require_epoch", "$1::integer, $2::integer, $3::bigint"),
      .require_before = call("require_before", "$1::timestamptz"),
      .dead_letter = dead_letter_sql(state_schema, "DO NOTHING"),
      .require_dead_letters = call("require_dead_letters", "$1::integer, $2::bigint"),
      .discard_dead_letters =
          fmt::format("DELETE FROM {} WHERE dead_letter_id = ANY ($1::bigint[])",
                      state_name(state_schema, "dead_letter")),
      .dead_letter_anew = dead_letter_sql(
          state_schema,
          "(replica_id, sha256(key), version, sha256(record)) DO UPDATE SET created_at = now()"),
      .checkpoint = checkpoint_sql(state_schema),
      .note_attributes = note_attributes_sql(state_schema)};
}

}  // namespace dynamite
