#include "replica/state/exclusive.hpp"

#include <algorithm>
#include <chrono>

#include "core/sleep.hpp"
#include "pg/pg_error.hpp"
#include "replica/state/locks.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLockTimeoutMin = 50ms;
constexpr std::chrono::milliseconds kLockTimeoutMax = 1'000ms;
constexpr std::string_view kLockNotAvailable = "55P03";

bool try_exclusively(pg::Connection& connection, const Replica& table,
                     std::chrono::milliseconds lock_timeout,
                     const std::function<void(pg::Transaction&)>& body) {
  pg::Transaction transaction{connection};
  const LockKeys keys = lock_keys(table);
  try {
    transaction.run("SELECT set_config('lock_timeout', $1, true)",
                    std::move(pg::Params{}.number(lock_timeout.count())));
    transaction.run("SELECT pg_advisory_xact_lock($1::integer, $2::integer)",
                    std::move(pg::Params{}.number(keys.transaction_class).number(keys.replica)));
  } catch (const pg::PgError& error) {
    if (error.sqlstate() != kLockNotAvailable) throw;
    return false;
  }
  body(transaction);
  transaction.commit();
  return true;
}

}  // namespace

void run_exclusively(pg::Connection& connection, const Replica& table, std::stop_token stop,
                     const std::function<void(pg::Transaction&)>& body) {
  auto timeout = kLockTimeoutMin;
  while (!try_exclusively(connection, table, timeout, body)) {
    if (stop.stop_requested())
      throw Error{Error::Kind::transient,
                  "stopped while waiting for the lock of \"" + table.name() + "\""};
    sleep_for(timeout, stop);  // appliers that queued behind us go first
    timeout = std::min(timeout * 2, kLockTimeoutMax);
  }
}

}  // namespace dynamite
