#pragma once

#include <stop_token>

#include "pg/connection.hpp"

namespace dynamite {

/// Opens a connection to apply changes on. If it leads straight to the server, its session is ours:
/// statements are prepared once, and settings make the server plan and compress as these changes
/// want it. Through a transaction pooler nothing is left in any session.
pg::Connection open_for_applying(const pg::ConnectOptions& options, std::stop_token stop = {});

/// Throws Error{usage} if `connection` leads through a transaction pooler, where a session lock
/// would belong to nobody.
void require_direct_connection(const pg::Connection& connection);

/// Makes the server notice within a minute that this session's client is gone or cut off.
void watch_client(pg::Connection& connection);

/// The server takes no writes: it is not, or no longer, the writer of its cluster.
bool is_read_only(pg::Connection& connection);

}  // namespace dynamite
