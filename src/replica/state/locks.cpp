#include "replica/state/locks.hpp"

#include "pg/identifier.hpp"

namespace dynamite {
namespace {

std::int32_t lock_class(const std::string& purpose, const std::string& state_schema) {
  return static_cast<std::int32_t>(stable_hash("dynamite/" + purpose + "/" + state_schema));
}

}  // namespace

std::int32_t alive_lock_class(const std::string& state_schema) {
  return lock_class("alive", state_schema);
}

LockKeys lock_keys(const Replica& table) {
  return {.transaction_class = lock_class("transaction", table.state_schema),
          .alive_class = alive_lock_class(table.state_schema),
          .replica = table.id};
}

pg::Statement lock_shared(const Replica& table) {
  const LockKeys keys = lock_keys(table);
  pg::Statement statement{"SELECT pg_advisory_xact_lock_shared($1::integer, $2::integer)", {}};
  statement.params.number(keys.transaction_class).number(keys.replica);
  return statement;
}

}  // namespace dynamite
