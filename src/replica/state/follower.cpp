#include "replica/state/follower.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "pg/identifier.hpp"
#include "replica/state/exclusive.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kOwned =
    "WHERE replica_id = $1::integer AND fencing_number = $2::bigint AND follower = 'daemon'";

[[noreturn]] void fence(const Replica& table, std::int64_t owner) {
  throw Error{Error::Kind::fenced,
              fmt::format("owner {} no longer follows {}", owner, table.qualified_names())};
}

/// An UPDATE of the replica's row if it has this owner: $1 is the replica, $2 the owner, and the
/// values of `columns` begin with $3.
std::string owners_update(const Replica& table, std::string_view columns) {
  return fmt::format("UPDATE {} SET {} {}", state_name(table.state_schema, "replica"), columns,
                     kOwned);
}

void require_done(const pg::Result& update, const Replica& table, std::int64_t owner) {
  if (update.affected() == 0) fence(table, owner);
}

}  // namespace

bool try_hold_alive(pg::Connection& control, const Replica& table) {
  const LockKeys keys = lock_keys(table);
  return control
      .run("SELECT pg_try_advisory_lock($1::integer, $2::integer)",
           std::move(pg::Params{}.number(keys.alive_class).number(keys.replica)))
      .flag(0, 0);
}

std::int64_t take_over(pg::Connection& connection, const Replica& table, std::stop_token stop) {
  std::int64_t owner = 0;
  run_exclusively(connection, table, stop, [&](pg::Transaction& transaction) {
    const pg::Result row = transaction.run(
        fmt::format("UPDATE {} SET fencing_number = fencing_number + 1, follower = 'daemon', "
                    "problem = NULL, "
                    "state = CASE pass WHEN 'none' THEN 'catching up' ELSE 'snapshot' END "
                    "WHERE replica_id = $1::integer RETURNING fencing_number",
                    state_name(table.state_schema, "replica")),
        std::move(pg::Params{}.number(table.id)));
    owner = row.number(0, 0);
  });
  return owner;
}

void give_back(pg::Connection& connection, const Replica& table, std::int64_t owner,
               std::stop_token stop) {
  run_exclusively(connection, table, stop, [&](pg::Transaction& transaction) {
    transaction.run(fmt::format("UPDATE {} SET fencing_number = fencing_number + 1, follower = "
                                "'lambda', state = 'stopped' "
                                "WHERE replica_id = $1::integer AND fencing_number = $2::bigint",
                                state_name(table.state_schema, "replica")),
                    std::move(pg::Params{}.number(table.id).number(owner)));
  });
}

bool release(pg::Connection& connection, const Replica& table, std::stop_token stop) {
  bool released = false;
  run_exclusively(connection, table, stop, [&](pg::Transaction& transaction) {
    const pg::Result done =
        transaction.run(fmt::format("UPDATE {} SET fencing_number = fencing_number + 1, follower = "
                                    "'lambda', state = 'stopped' "
                                    "WHERE replica_id = $1::integer AND follower = 'daemon'",
                                    state_name(table.state_schema, "replica")),
                        std::move(pg::Params{}.number(table.id)));
    released = done.affected() > 0;
  });
  return released;
}

void require_owner(pg::Connection& connection, const Replica& table, std::int64_t owner) {
  const pg::Result row = connection.run(
      fmt::format("SELECT true FROM {} {}", state_name(table.state_schema, "replica"), kOwned),
      std::move(pg::Params{}.number(table.id).number(owner)));
  if (row.rows() == 0) fence(table, owner);
}

void note_state(pg::Connection& connection, const Replica& table, std::int64_t owner,
                const std::string& state) {
  require_done(connection.run(owners_update(table, "state = $3"),
                              std::move(pg::Params{}.number(table.id).number(owner).text(state))),
               table, owner);
}

bool followed_by_lambda(pg::Connection& connection, const Replica& table) {
  return connection
             .run(fmt::format("SELECT count(*) FROM {} WHERE replica_id = $1::integer "
                              "AND follower = 'lambda'",
                              state_name(table.state_schema, "replica")),
                  std::move(pg::Params{}.number(table.id)))
             .number(0, 0) > 0;
}

void note_followed(pg::Connection& connection, const Replica& table,
                   std::optional<std::int64_t> owner, std::chrono::seconds age) {
  constexpr std::string_view kAge = "followed_at = now() - $3::bigint * interval '1 second'";
  pg::Params params;
  params.number(table.id);
  if (owner) {
    require_done(connection.run(owners_update(table, kAge),
                                std::move(params.number(*owner).number(age.count()))),
                 table, *owner);
    return;
  }
  connection.run(fmt::format("UPDATE {} SET {} WHERE replica_id = $1::integer AND follower = $2",
                             state_name(table.state_schema, "replica"), kAge),
                 std::move(params.text("lambda").number(age.count())));
}

std::optional<std::chrono::seconds> since_followed(pg::Connection& connection,
                                                   const Replica& table) {
  const pg::Result row = connection.run(
      fmt::format(
          "SELECT extract(epoch FROM now() - greatest(followed_at, pass_started_at))::bigint "
          "FROM {} WHERE replica_id = $1::integer",
          state_name(table.state_schema, "replica")),
      std::move(pg::Params{}.number(table.id)));
  if (!row.text(0, 0)) return std::nullopt;
  return std::chrono::seconds{row.number(0, 0)};
}

void note_problem(pg::Connection& connection, const Replica& table,
                  std::optional<std::int64_t> owner, const std::optional<std::string>& problem) {
  pg::Params params;
  params.number(table.id);
  if (owner) {
    require_done(connection.run(owners_update(table, "problem = $3"),
                                std::move(params.number(*owner).text_or_null(problem))),
                 table, *owner);
    return;
  }
  connection.run(fmt::format("UPDATE {} SET problem = $2 WHERE replica_id = $1::integer",
                             state_name(table.state_schema, "replica")),
                 std::move(params.text_or_null(problem)));
}

}  // namespace dynamite
