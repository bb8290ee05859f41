#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/engine.hpp"
#include "sim/client.hpp"
#include "sim/place.hpp"

namespace dynamite::sim {

/// `dynamite replicate` or `dynamite snapshot` of one table with one thread, in steps and on a
/// virtual clock.
class Daemon {
 public:
  static EngineOptions options(const Place& place, const Clock& clock, std::uint64_t seed, Run run);

  Daemon(EngineOptions options, Transport& transport, const Replica& replica,
         const TableDescription& description);

  /// When it wants to go on.
  TimePoint due() const;
  /// One step of what is due.
  void step();
  /// As after SIGTERM: the table is given back.
  void stop() { engine_.shut_down(); }
  bool follows() const noexcept { return follows_; }
  /// A snapshot is complete, or the table is stopped for good.
  bool done() const { return engine_.all_done(); }
  /// Why it is stopped for good. Empty: it is not.
  std::string failure() const;

 private:
  bool follows_;
  Client client_;
  const Clock& clock_;
  Engine engine_;
  Worker worker_;
  TimePoint look_at_{};
};

}  // namespace dynamite::sim
