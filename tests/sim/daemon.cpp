#include "sim/daemon.hpp"

#include <algorithm>

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 100ms;  // as Engine::run does

}  // namespace

Daemon::Daemon(EngineOptions options, Transport& transport, const Replica& replica,
               const TableDescription& description)
    : follows_{dynamite::follows(options.run)},
      client_{transport},
      clock_{*options.clock},
      engine_{options, client_.dynamodb},
      worker_{options.connect, options.apply, {}} {
  engine_.add(replica, description);
}

TimePoint Daemon::due() const {
  const auto next = engine_.next_due();
  return next ? std::min(*next, look_at_) : look_at_;
}

void Daemon::step() {
  if (clock_.now() >= look_at_) {
    look_at_ = clock_.now() + kLook;
    engine_.look_after();
    return;
  }
  engine_.step_due(worker_);
}

std::string Daemon::failure() const {
  const auto failure = engine_.tables().front()->failure();
  return failure ? failure->what() : "";
}

}  // namespace dynamite::sim
