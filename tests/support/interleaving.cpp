#include "support/interleaving.hpp"

#include <fmt/format.h>

namespace dynamite::test {

Applying::Applying(ReplicaTest& test, std::vector<TestChange> changes, Fence fence,
                   std::optional<Checkpoint> checkpoint, bool by_copy)
    : test_{test},
      table_{test.orders},
      connection_{test.connect(StatementGate::kGatedName)},
      batch_{batch_of(table_, changes)} {
  if (by_copy) prepared_ = prepare_copy(batch_.changes, table_, fence.pass().value());
  outcome_ = std::async(std::launch::async, [this, fence, checkpoint] {
    return Applier{connection_, {}}.apply({.table = table_,
                                           .batch = batch_,
                                           .prepared = prepared_ ? &*prepared_ : nullptr,
                                           .fence = fence,
                                           .checkpoint = checkpoint});
  });
}

Applying::~Applying() {
  if (outcome_.valid()) test_.query(fmt::format("SELECT pg_terminate_backend({})", pid()));
}

CommitGate::CommitGate(ReplicaTest& test)
    : connection_{test.connect()}, holder_{std::in_place, connection_} {
  holder_->run(fmt::format("INSERT INTO {}.checkpoint (replica_id, lane) VALUES ({}, '{}')",
                           test.state_schema(), test.orders.id, checkpoint().lane));
}

StatementGate::StatementGate(ReplicaTest& test, const std::string& statement,
                             const std::string& table)
    : connection_{test.connect()} {
  static int gates = 0;
  const int gate = ++gates;
  const std::string function = fmt::format("{}.gate_{}", test.schema(), gate);
  connection_.run(fmt::format(
      R"(CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('application_name') = '{}' THEN
    PERFORM pg_advisory_xact_lock_shared(hashtext('{}'), {});
  END IF;
  RETURN NULL;
END $$)",
      function, kGatedName, test.schema(), gate));
  connection_.run(
      fmt::format("CREATE TRIGGER gate_{} BEFORE {} ON {} FOR EACH STATEMENT EXECUTE FUNCTION {}()",
                  gate, statement, table, function));
  holder_.emplace(connection_);
  holder_->run(
      fmt::format("SELECT pg_advisory_xact_lock(hashtext('{}'), {})", test.schema(), gate));
}

}  // namespace dynamite::test
