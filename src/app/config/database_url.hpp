#pragma once

#include <string>
#include <string_view>

#include "core/environment.hpp"

namespace dynamite {

/// Where PostgreSQL is.
struct DatabaseUrl {
  std::string conninfo;  ///< for libpq: postgresql://…; holds the password, never print it
  std::string redacted;  ///< for people: user, hosts, ports and database only
  // As the URL says, or as it was completed; several hosts or ports have commas between them.
  // Empty: it says nothing, and libpq looks elsewhere.
  std::string host{};
  std::string port{};
  std::string user{};
  std::string sslmode{};

  bool operator==(const DatabaseUrl&) const = default;
};

/// Reads postgres://, postgresql:// and postgresql+DRIVER:// (the driver is ignored); the rest is
/// as in libpq: several hosts, percent-encoding, parameters, directories of Unix sockets. Where a
/// host is not local and the URL gives no sslmode, adds sslmode=verify-full; where certificates are
/// verified and nothing names a sslrootcert, adds the system's (SSL_CERT_FILE, or where the
/// distributions keep it); where there are several hosts, target_session_attrs=read-write. Throws
/// Error{usage} that holds no part of a password.
DatabaseUrl parse_database_url(std::string_view url, const Environment& environment);

}  // namespace dynamite
