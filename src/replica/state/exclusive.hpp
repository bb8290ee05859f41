#pragma once

#include <functional>
#include <stop_token>

#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Runs `body` in a transaction that holds the replica's lock exclusively: no applier is in flight.
/// The lock is waited for in short, growing spells, so that appliers never queue behind the wait
/// for long.
void run_exclusively(pg::Connection& connection, const Replica& table, std::stop_token stop,
                     const std::function<void(pg::Transaction&)>& body);

}  // namespace dynamite
