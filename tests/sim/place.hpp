#pragma once

#include <functional>
#include <optional>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite::sim {

/// Where the replica of a simulated table lives.
struct Place {
  pg::ConnectOptions connect;
  Replica replica;                         ///< as the world begins
  std::optional<double> read_units{};      ///< a second, that passes may take
  bool changes_targets = false;            ///< targets come and go, and come to take other items
  std::function<void()> crash_postgres{};  ///< and start it again; empty: others use the server
};

}  // namespace dynamite::sim
