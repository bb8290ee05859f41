#pragma once

#include <optional>
#include <stop_token>

#include "core/error.hpp"
#include "pg/connection.hpp"
#include "replica/apply/applier.hpp"

namespace dynamite {

/// What one thread works with: a connection that is opened when it is first needed, and anew when
/// it was lost.
class Worker {
 public:
  Worker(pg::ConnectOptions connect, ApplyOptions apply, std::stop_token stop)
      : connect_{std::move(connect)}, apply_{apply}, stop_{std::move(stop)} {}

  /// Throws Error{transient} if PostgreSQL cannot be reached.
  pg::Connection& connection();
  Applier& applier();
  /// To be called with what a step threw. Gives up a connection whose server takes no writes: after
  /// a failover a new connection may lead to the new writer.
  void note_failure(const Error& error);

  const std::stop_token& stop() const noexcept { return stop_; }
  pg::Limits limits() const { return {.stop = stop_}; }

 private:
  pg::ConnectOptions connect_;
  ApplyOptions apply_;
  std::stop_token stop_;
  std::optional<pg::Connection> connection_;
  std::optional<Applier> applier_;
};

}  // namespace dynamite
