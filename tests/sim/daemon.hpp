#pragma once

#include <memory>
#include <string>

#include "engine/engine.hpp"
#include "sim/faults.hpp"
#include "sim/virtual_clock.hpp"
#include "support/fake_transport.hpp"

namespace dynamite::sim {

/// `dynamite replicate` of one table with one thread, in steps and on a virtual clock.
class Daemon {
 public:
  Daemon(EngineOptions options, Transport& transport, const ReplicaTable& replica,
         const TableDescription& description);

  /// When it wants to go on.
  TimePoint due() const;
  /// One step of what is due.
  void step();
  /// The table is stopped for good: why. Empty: it is not.
  std::string failure() const;

 private:
  test::FakeCredentials credentials_;
  AwsClient client_;
  DynamoDb dynamodb_;
  const Clock& clock_;
  Engine engine_;
  Worker worker_;
  TimePoint look_at_{};
};

}  // namespace dynamite::sim
