#include "sim/daemon.hpp"

#include <algorithm>

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 100ms;  // as Engine::run does

}  // namespace

EngineOptions Daemon::options(const Place& place, const Clock& clock, std::uint64_t seed, Run run) {
  EngineOptions options{
      {.segments = static_cast<std::uint32_t>(1 + seed % 3), .read_units = place.read_units},
      place.connect};
  options.run = run;
  options.seed = seed;
  options.clock = &clock;
  return options;
}

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
