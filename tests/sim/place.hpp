#pragma once

#include <functional>
#include <optional>

#include "pg/connection.hpp"
#include "replica/state/replica_table.hpp"

namespace dynamite::sim {

/// Where the replica of a simulated table lives.
struct Place {
  pg::ConnectOptions connect;
  ReplicaTable replica;
  std::optional<double> read_units{};      ///< a second, that passes may take
  std::function<void()> crash_postgres{};  ///< and start it again; empty: others use the server
};

}  // namespace dynamite::sim
