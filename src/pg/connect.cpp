#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "pg/connection.hpp"
#include "pg/server_error.hpp"
#include "pg/session_settings.hpp"
#include "pg/socket_wait.hpp"

namespace dynamite::pg {
namespace {

using std::chrono::steady_clock;

Error::Kind kind_of_connect_failure(std::string_view message) {
  // libpq gives no SQLSTATE for a connection that failed, only the server's words.
  constexpr std::array<std::string_view, 9> kRefusals{
      "authentication failed", "does not exist",  "no pg_hba.conf entry",
      "no password supplied",  "certificate",     "invalid connection option",
      "does not support SSL",  "invalid sslmode", "unsupported startup parameter"};
  const bool refused = std::ranges::any_of(
      kRefusals, [&](std::string_view words) { return message.find(words) != message.npos; });
  const bool unreachable = message.find("No such file") != message.npos;
  return refused && !unreachable ? Error::Kind::usage : Error::Kind::transient;
}

std::string hint_of_connect_failure(std::string_view message) {
  if (message.find("certificate verify failed") == message.npos) return {};
  return "name the file of the server's certificate authority in the setting `ca_file`: RDS "
         "instances need AWS's global-bundle.pem, RDS Proxy Amazon's public roots";
}

/// When the server ends an idle session, libpq takes its message for a notice.
void keep_farewell(void* farewell, const PGresult* notice) {
  if (!is_fatal(notice)) return;
  *static_cast<std::string*>(farewell) = describe_server_error(notice);
}

}  // namespace

// A login that was refused may have been replaced meanwhile: a rotated password, say.
Connection Connection::open(const ConnectOptions& options, std::stop_token stop) {
  if (!options.login) return open_with(options, {}, stop);
  const ConnectParameters login = options.login(false);
  try {
    return open_with(options, login, stop);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::usage) throw;
    const ConnectParameters newer = options.login(true);
    if (newer == login) throw;
    return open_with(options, newer, stop);
  }
}

Connection Connection::open_with(const ConnectOptions& options, const ConnectParameters& login,
                                 const std::stop_token& stop) {
  // A silent peer is noticed within a minute: 20 s idle, then 4 probes of 10 s.
  ConnectParameters parameters{
      {"dbname", options.conninfo},  {"application_name", options.application_name},
      {"client_encoding", "UTF8"},   {"keepalives_idle", "20"},
      {"keepalives_interval", "10"}, {"keepalives_count", "4"},
      {"tcp_user_timeout", "60000"}};
  std::ranges::copy(options.parameters, std::back_inserter(parameters));
  std::ranges::copy(login, std::back_inserter(parameters));
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  Connection connection{PQconnectStartParams(keywords.data(), values.data(), 1)};
  if (!connection.handle_) throw std::bad_alloc{};
  PGconn* handle = connection.handle_.get();
  PQsetNoticeReceiver(handle, keep_farewell, connection.farewell_.get());
  const auto deadline = steady_clock::now() + options.timeout;
  PostgresPollingStatusType status =
      PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (status != PGRES_POLLING_OK) {
    if (status == PGRES_POLLING_FAILED) {
      const std::string message = one_line(PQerrorMessage(handle));
      throw Error{kind_of_connect_failure(message), "cannot connect to PostgreSQL: " + message,
                  hint_of_connect_failure(message)};
    }
    if (stop.stop_requested())
      throw Error{Error::Kind::transient, "stopped while connecting to PostgreSQL"};
    if (steady_clock::now() > deadline)
      throw Error{Error::Kind::transient, "PostgreSQL did not answer in time while connecting",
                  "check host and port in the setting `url`, firewall and security group"};
    const short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (wait_for_socket(PQsocket(handle), events, kStopCheck) != 0) status = PQconnectPoll(handle);
  }
  if (PQsetnonblocking(handle, 1) != 0 || PQenterPipelineMode(handle) != 1)
    throw Error{Error::Kind::bug, "libpq refused the non-blocking pipeline mode"};
  connection.require_supported_server();
  connection.limit_to(deadline);
  connection.look_at_server();
  connection.limit_to(steady_clock::time_point::max());
  connection.stop_ = stop;
  return connection;
}

void Connection::require_supported_server() const {
  constexpr int kVersionMin = 120'000;
  const int version = PQserverVersion(handle_.get());
  if (version < kVersionMin)
    throw Error{Error::Kind::usage,
                fmt::format("the server is PostgreSQL {}.{}, but a replica needs 12 or newer",
                            version / 10'000, version % 10'000),
                "upgrade the server, or name another one in the setting `url`"};
  const char* encoding = PQparameterStatus(handle_.get(), "server_encoding");
  if (encoding != nullptr && std::string_view{encoding} != "UTF8")
    throw Error{Error::Kind::usage,
                fmt::format("the database \"{}\" has the encoding {}, but a replica needs UTF8",
                            PQdb(handle_.get()), encoding),
                "make a database for the replicas: CREATE DATABASE … TEMPLATE template0 ENCODING "
                "'UTF8'"};
}

// Settings are pinned before any other query, since a query has operators and functions in it.
void Connection::look_at_server() {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  using std::chrono::system_clock;
  const int version = PQserverVersion(handle_.get());
  const std::string pins = pin_settings_sql(
      version,
      fmt::format("pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.<>) {}", backend_pid()));
  const auto before = system_clock::now();
  const std::array<Statement, 2> questions{
      {{pins, {}},
       {"SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_backend_pid()", {}}}};
  const Result now = std::move(run(questions).back());
  const auto middle = before + (system_clock::now() - before) / 2;
  clock_offset_ =
      microseconds{now.number(0, 0)} - duration_cast<microseconds>(middle.time_since_epoch());
  direct_ = now.number(0, 1) == backend_pid();
  if (!direct_) pins_ = pin_settings_sql(version, "true");
}

}  // namespace dynamite::pg
