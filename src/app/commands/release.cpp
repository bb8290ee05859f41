#include <fmt/format.h>

#include <algorithm>

#include "app/commands/commands.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "core/error.hpp"
#include "pg/session.hpp"
#include "replica/state/follower.hpp"

namespace dynamite {

int run_release(const Context& context) {
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "release"), context.stop);
  require_direct_connection(connection);
  Catalogue catalogue{connection, context.config.state_schema};
  catalogue.require_usable();
  for (const Replica& replica : configured_replicas(context.config, catalogue.load())) {
    if (!try_hold_alive(connection, replica))
      throw Error{Error::Kind::usage,
                  fmt::format("the daemon that follows {} is alive", replica.qualified_names()),
                  "stop it with SIGTERM: it gives its tables back itself"};
    const bool released = release(connection, replica, context.stop);
    fmt::print("{}: {}\n", replica.qualified_names(),
               released ? "given back to Lambda" : "no daemon followed it");
  }
  return kExitDone;
}

}  // namespace dynamite
