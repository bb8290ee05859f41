#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>

#include "pg/connection.hpp"
#include "replica/apply/applier.hpp"

namespace dynamite {

/// How a connection is used.
enum class SessionUse : std::uint8_t {
  /// Nothing may stay in the server's session: the connection may lead through a transaction pooler
  /// that cannot be told from the server.
  leaves_nothing,
  /// What makes later events faster may stay in the session; see open_for_applying.
  keeps_settings,
};

/// A connection that is kept from event to event, and its applier. The process may be frozen
/// between the events.
class KeptConnection {
 public:
  /// A connection that was not used for `idle_trust` is asked whether it still answers.
  KeptConnection(pg::ConnectOptions connect, ApplyOptions apply, SessionUse use,
                 std::chrono::milliseconds idle_trust)
      : options_{std::move(connect)}, apply_{apply}, use_{use}, idle_trust_{idle_trust} {}

  /// Opens a connection unless the kept one still answers. True: it opened one. `left`: the time
  /// for all of it. Throws Error.
  bool ensure(std::chrono::milliseconds left, const std::stop_token& stop);

  /// Something came back over the connection just now.
  void note_use() { last_used_ = std::chrono::system_clock::now(); }

  /// Gives the connection up. The next ensure() opens another.
  void drop();

  bool usable() const { return connection_ && connection_->usable(); }
  /// Batches that were sent and have no outcome yet.
  std::size_t sent() const { return applier_ ? applier_->sent() : 0; }

  // Only behind ensure().
  pg::Connection& connection() { return *connection_; }
  Applier& applier() { return *applier_; }

 private:
  bool answers(std::chrono::milliseconds left);

  const pg::ConnectOptions options_;
  const ApplyOptions apply_;
  const SessionUse use_;
  const std::chrono::milliseconds idle_trust_;
  std::optional<pg::Connection> connection_;
  std::optional<Applier> applier_;
  std::chrono::system_clock::time_point last_used_;
};

}  // namespace dynamite
