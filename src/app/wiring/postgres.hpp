#pragma once

#include <string_view>

#include "app/wiring/context.hpp"
#include "pg/connection.hpp"

namespace dynamite {

/// Options of a connection for `command`; shows as application_name "dynamite/COMMAND". User and
/// password are those of the URL, of a secret, or a token for IAM database authentication. Throws
/// Error{usage} if the URL lacks what they need. `context` must outlive the options.
pg::ConnectOptions connect_options(const Context& context, std::string_view command);

}  // namespace dynamite
