#include "pg/session.hpp"

#include "core/error.hpp"

namespace dynamite {
namespace {

// A kept plan may date from a time when the table was small. A batch is always small, so its rows
// are looked up by their keys, one by one. By default the server would plan a statement of few rows
// anew each time, and planning takes longer than all the rest. lz4 doubles the rate of items of
// several KB. It is not set if the server lacks it or a DBA has chosen another one.
constexpr std::string_view kTune = R"(
SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),
  set_config('enable_mergejoin', 'off', false), set_config('jit', 'off', false),
  set_config('plan_cache_mode', 'force_generic_plan', false),
  (SELECT set_config(s.name, 'lz4', false) FROM pg_settings s
   WHERE s.name = 'default_toast_compression' AND s.source = 'default' AND 'lz4' = ANY (s.enumvals)))";

// The parameters of a batch take some MB. The server's process would give this memory back to the
// kernel after each statement and fetch it again for the next, page by page: 3 % of its time. Once
// glibc's malloc has freed a block as large as this, it keeps freed memory of less than twice the
// size.
constexpr std::string_view kWarmHeap = "SELECT octet_length(repeat(repeat('x', 4096), 1024))";

}  // namespace

pg::Connection open_for_applying(const pg::ConnectOptions& options, std::stop_token stop) {
  pg::Connection connection = pg::Connection::open(options, std::move(stop));
  if (connection.is_direct()) {
    connection.run(kTune);
    connection.run(kWarmHeap);
    connection.prepare_statements();
  }
  return connection;
}

void require_direct_connection(const pg::Connection& connection) {
  if (!connection.is_direct())
    throw Error{
        Error::Kind::usage,
        "the setting `url` leads through a connection pooler, but a daemon holds a session lock",
        "give `replicate` the server's own host and port; Lambda may use the pooler"};
}

// Of no effect on Unix sockets, whose ends are known at once.
void watch_client(pg::Connection& connection) {
  connection.run(
      "SELECT set_config('tcp_keepalives_idle', '20', false), "
      "set_config('tcp_keepalives_interval', '10', false), "
      "set_config('tcp_keepalives_count', '4', false), "
      "set_config('tcp_user_timeout', '60000', false)");
}

bool is_read_only(pg::Connection& connection) {
  return connection.run("SELECT current_setting('transaction_read_only')").at(0, 0) == "on";
}

}  // namespace dynamite
