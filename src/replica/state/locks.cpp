#include "replica/state/locks.hpp"

#include <fmt/format.h>

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

std::string require_mapping_sql(const Replica& table) {
  return fmt::format("SELECT {}($1::integer, $2::bigint)",
                     state_name(table.state_schema, "require_mapping"));
}

std::vector<pg::Statement> hold_mapping(const Replica& table, const std::string& require_mapping) {
  std::vector<pg::Statement> statements;
  statements.push_back(lock_shared(table));
  statements.push_back({require_mapping, {}});
  statements.back().params.number(table.id).number(table.mapping);
  return statements;
}

}  // namespace dynamite
