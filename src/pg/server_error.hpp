#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "pg/pg_error.hpp"

namespace dynamite::pg {

/// What libpq says, which may have several lines, in one.
std::string one_line(std::string_view text);

/// Empty if libpq made the error itself.
std::string sqlstate_of(const PGresult* result);

/// The server ends the session behind it.
bool is_fatal(const PGresult* result);

/// What the server said, with the names it gave and without values.
std::string describe_server_error(const PGresult* result);

/// Throws the PgError that a result of the server stands for. Values stay out of it.
[[noreturn]] void throw_server_error(const PGresult* result);

}  // namespace dynamite::pg
