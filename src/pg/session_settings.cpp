#include "pg/session_settings.hpp"

#include <fmt/format.h>

#include <array>

namespace dynamite::pg {
namespace {

struct Setting {
  std::string_view name, value;
  int since = 0;  // the first version of the server that knows it
};

constexpr std::array kPinned{
    Setting{"search_path", kSearchPath},
    // A policy that hides rows is an error: unseen rows would be swept by nobody, and compare
    // equal.
    Setting{"row_security", "off"},
    // These would end a transaction that is large or waits for a lock, and end each repeat of it
    // again.
    Setting{"statement_timeout", "0"},
    Setting{"lock_timeout", "0"},
    Setting{"transaction_timeout", "0", 170'000},
    Setting{"idle_session_timeout", "0", 140'000},
    // A transaction that is open and idle for so long belongs to a program that hangs: it must not
    // keep its locks.
    Setting{"idle_in_transaction_session_timeout", "5min"},
    Setting{"default_transaction_isolation", "read committed"},
    // Forms of what the server writes, as it is read here.
    Setting{"bytea_output", "hex"},
    Setting{"datestyle", "ISO, YMD"},
    Setting{"intervalstyle", "postgres"},
    Setting{"timezone", "UTC"},
    // Literals in our DDL must mean what they say.
    Setting{"standard_conforming_strings", "on"},
};

// What was answered as committed must survive a crash of the server: Lambda does not send it again.
// Stricter settings than `on` are left as they are.
constexpr std::string_view kDurable = R"(pg_catalog.set_config('synchronous_commit',
  CASE WHEN pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off'
    THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, s.local))";

}  // namespace

std::string pin_settings_sql(int server_version, std::string_view local) {
  std::string sql = fmt::format("SELECT {}", kDurable);
  for (const Setting& setting : kPinned)
    if (server_version >= setting.since)
      sql += fmt::format(",\n  pg_catalog.set_config('{}', '{}', s.local)", setting.name,
                         setting.value);
  return sql + fmt::format("\nFROM (SELECT {}) AS s (local)", local);
}

}  // namespace dynamite::pg
