#include "ingest/kept_connection.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "pg/session.hpp"

namespace dynamite {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kProbeTime{1'000};

}  // namespace

bool KeptConnection::ensure(milliseconds left, const std::stop_token& stop) {
  // While the process was frozen the peer may have closed the connection.
  const bool kept = connection_ && !connection_->closed_by_peer() && answers(left);
  if (!kept) {
    drop();
    pg::ConnectOptions options = options_;
    options.timeout = std::clamp(left, milliseconds{1}, options.timeout);
    connection_.emplace(use_ == SessionUse::keeps_settings ? open_for_applying(options, stop)
                                                           : pg::Connection::open(options, stop));
    applier_.emplace(*connection_, apply_);
  }
  note_use();
  return !kept;
}

// The applier uses the connection until it is destroyed.
void KeptConnection::drop() {
  applier_.reset();
  connection_.reset();
}

// A firewall may have forgotten the connection, which then looks alive until much time has passed.
// Only the wall clock goes on while the process is frozen.
bool KeptConnection::answers(milliseconds left) {
  if (std::chrono::system_clock::now() - last_used_ < idle_trust_) return true;
  try {
    connection_->limit_to(std::chrono::steady_clock::now() +
                          std::clamp(left / 4, milliseconds{1}, milliseconds{kProbeTime}));
    connection_->run("SELECT 1");
    return true;
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) throw;
    return false;
  }
}

}  // namespace dynamite
