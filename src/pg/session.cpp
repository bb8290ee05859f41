#include "pg/session.hpp"

#include "core/error.hpp"

namespace dynamite {
namespace {

// A plan that is kept may be of a time when the table was small, and a batch always is: rows are
// looked up by their keys, one by one. Left to itself the server would plan statements of few rows
// anew each time, for which that takes longer than all else. lz4 doubles what goes into items of
// several KB; a server that has not got it, or a DBA who has chosen, is let alone.
constexpr std::string_view kTune = R"(
SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),
  set_config('enable_mergejoin', 'off', false), set_config('jit', 'off', false),
  set_config('plan_cache_mode', 'force_generic_plan', false),
  (SELECT set_config(s.name, 'lz4', false) FROM pg_settings s
   WHERE s.name = 'default_toast_compression' AND s.source = 'default' AND 'lz4' = ANY (s.enumvals)))";

// The parameters of a batch come to some MB, which the server's process would give back to the
// kernel behind each statement and fetch again for the next, page by page: 3 % of its time.
// Having freed a block as large as this, malloc (glibc) keeps what comes to less than twice that.
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
