#pragma once

#include <string>
#include <string_view>

namespace dynamite::pg {

/// The schemas in which a session of ours looks for names that no schema stands before: only the
/// server's own, so that nobody can put an operator, a function or a type in their place.
/// `pg_temp` is named because it would come first otherwise.
inline constexpr std::string_view kSearchPath = "pg_catalog, pg_temp";

/// One SELECT that pins the settings on which our statements depend, whatever the server, the
/// database, the role or `PGOPTIONS` set. `local`: an SQL expression; true: for the transaction,
/// false: for the session. The text itself depends on no setting. `server_version`: as
/// PQserverVersion tells it.
std::string pin_settings_sql(int server_version, std::string_view local);

}  // namespace dynamite::pg
