#include "replica/state/gaps.hpp"

#include <fmt/format.h>

#include "pg/identifier.hpp"

namespace dynamite {

std::optional<Gap> note_stream(pg::Connection& connection, const Replica& table,
                               const std::string& stream_arn, std::uint64_t generation) {
  Gap gap{.stream_arn = stream_arn,
          .shard_id = "",
          .reason =
              "the stream was switched off and on again, or the table re-created: what changed "
              "in between is in neither stream"};
  const pg::Result done =
      connection.run(fmt::format(R"(WITH noted AS (
  INSERT INTO {0}.stream (stream_arn, replica_id, generation) VALUES ($1, $2::integer, $3::bigint)
  ON CONFLICT DO NOTHING RETURNING generation)
INSERT INTO {0}.gap (replica_id, stream_arn, reason, noticed_epoch)
SELECT r.replica_id, $1, $4, r.epoch FROM noted, {0}.replica r
WHERE r.replica_id = $2::integer AND EXISTS (
  SELECT FROM {0}.stream s WHERE s.replica_id = r.replica_id AND s.generation < noted.generation))",
                                 quote_identifier(table.state_schema)),
                     std::move(pg::Params{}
                                   .text(stream_arn)
                                   .number(table.id)
                                   .number(static_cast<std::int64_t>(generation))
                                   .text(gap.reason)));
  return done.affected() > 0 ? std::optional{std::move(gap)} : std::nullopt;
}

void record_gap(pg::Connection& connection, const Replica& table, const Gap& gap) {
  connection.run(
      fmt::format(R"(INSERT INTO {0}.gap (replica_id, stream_arn, shard_id, reason, noticed_epoch)
SELECT r.replica_id, $2, nullif($3, ''), $4, r.epoch FROM {0}.replica r
WHERE r.replica_id = $1::integer AND NOT EXISTS (
  SELECT FROM {0}.gap g WHERE g.replica_id = r.replica_id AND g.noticed_epoch = r.epoch
    AND g.healed_at IS NULL AND g.stream_arn = $2 AND g.shard_id IS NOT DISTINCT FROM nullif($3, '')
    AND g.reason = $4))",
                  quote_identifier(table.state_schema)),
      std::move(
          pg::Params{}.number(table.id).text(gap.stream_arn).text(gap.shard_id).text(gap.reason)));
}

namespace {

std::string micros_of(std::string_view time) {
  return fmt::format("(extract(epoch FROM {}) * 1000000)::bigint", time);
}

}  // namespace

std::int64_t server_micros(pg::Connection& connection) {
  return connection.run("SELECT " + micros_of("clock_timestamp()")).number(0, 0);
}

bool follower_passed(pg::Connection& connection, const Replica& table, std::int64_t since_micros) {
  const pg::Result row = connection.run(
      fmt::format(
          "SELECT follower <> 'daemon' OR state <> 'following' OR coalesce({} > $2::bigint, "
          "false) FROM {} WHERE replica_id = $1::integer",
          micros_of("followed_at"), state_name(table.state_schema, "replica")),
      std::move(pg::Params{}.number(table.id).number(since_micros)));
  return row.rows() == 0 || row.flag(0, 0);
}

}  // namespace dynamite
