#include "replica/state/checkpoints.hpp"

#include <fmt/format.h>

namespace dynamite {

std::map<std::string, Checkpoint> load_checkpoints(pg::Connection& connection, const Replica& table,
                                                   const std::string& prefix) {
  const pg::Result rows =
      connection.run(fmt::format("SELECT lane, position, finished FROM {} "
                                 "WHERE replica_id = $1::integer AND starts_with(lane, $2)",
                                 state_name(table.state_schema, "checkpoint")),
                     std::move(pg::Params{}.number(table.id).text(prefix)));
  std::map<std::string, Checkpoint> checkpoints;
  for (int row = 0; row < rows.rows(); ++row) {
    Checkpoint checkpoint{.lane = std::string{rows.at(row, 0)},
                          .position = std::string{rows.text(row, 1).value_or("")},
                          .finished = rows.flag(row, 2)};
    checkpoints.emplace(checkpoint.lane, checkpoint);
  }
  return checkpoints;
}

std::string stored_position(const Replica& table, const std::string& position) {
  if (position.empty() || !table.hashes_keys()) return position;
  table.require_hash_key();
  return table.hash_key()->sealed(position);
}

std::string position_of(const Replica& table, const std::string& stored) {
  if (stored.empty() || !table.hashes_keys()) return stored;
  table.require_hash_key();
  return table.hash_key()->unsealed(stored).value_or("");
}

std::vector<std::string> forget_old_shards(pg::Connection& connection, const Replica& table) {
  const pg::Result rows = connection.run(
      fmt::format("DELETE FROM {} WHERE replica_id = $1::integer AND finished "
                  "AND lane LIKE 'shard/%' AND updated_at < now() - interval '48 hours' "
                  "RETURNING lane",
                  state_name(table.state_schema, "checkpoint")),
      std::move(pg::Params{}.number(table.id)));
  std::vector<std::string> lanes;
  for (int row = 0; row < rows.rows(); ++row) lanes.emplace_back(rows.at(row, 0));
  return lanes;
}

}  // namespace dynamite
