#include "app/wiring/postgres.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <chrono>
#include <memory>
#include <mutex>

#include "app/wiring/secrets.hpp"
#include "app/wiring/source_tables.hpp"
#include "aws/json_member.hpp"
#include "aws/rds_token.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

/// User and password of a secret: an object with `username` and `password`, as RDS and its rotation
/// keep it, or the password alone.
pg::ConnectParameters login_of(const std::string& secret) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(secret).get(document) != simdjson::SUCCESS || !document.is_object())
    return {{"password", secret}};
  pg::ConnectParameters login;
  if (std::string user = member_text(document, "username"); !user.empty())
    login.emplace_back("user", std::move(user));
  login.emplace_back("password", member_text(document, "password"));
  return login;
}

/// Reads the secret once, and again when the server refuses its login.
class SecretLogin {
 public:
  explicit SecretLogin(const Context& context) : context_{context}, aws_{context, kLoginAttempts} {}

  pg::ConnectParameters get(bool refused) {
    const std::scoped_lock lock{mutex_};
    if (login_.empty() || refused) login_ = read();
    return login_;
  }

 private:
  pg::ConnectParameters read() {
    const std::string& name = context_.config.secret;
    pg::ConnectParameters login = login_of(secret_text(context_, aws_, name));
    if (login.back().second.empty())
      throw Error{Error::Kind::usage,
                  fmt::format("the secret \"{}\" holds no password, wanted a JSON object with "
                              "username and password, or the password alone",
                              name)};
    return login;
  }

  const Context& context_;
  AwsClients aws_;
  std::mutex mutex_;  // several connections are opened at once
  pg::ConnectParameters login_;
};

RdsLogin rds_login(const Config& config) {
  const DatabaseUrl& url = config.url;
  const auto wants = [](std::string_view what) {
    throw Error{Error::Kind::usage,
                fmt::format("auth is \"rds-iam\", but the setting `url` {}", what),
                "url = \"postgresql://USER@NAME.REGION.rds.amazonaws.com:5432/DATABASE\""};
  };
  if (url.host.empty() || url.host.find_first_of("/,") != std::string::npos)
    wants("does not name one host");
  if (url.user.empty()) wants("does not name a user");
  if (url.sslmode != "require" && !url.sslmode.starts_with("verify-"))
    wants("does not ask for TLS (sslmode), without which RDS takes no token");
  return {.host = url.host,
          .port = url.port.empty() ? "5432" : url.port,
          .user = url.user,
          .region = config.region};
}

/// A token is valid for 15 minutes: each connect computes one.
class RdsIamLogin {
 public:
  explicit RdsIamLogin(const Context& context)
      : login_{rds_login(context.config)},
        transport_{make_curl_transport(context.config.ca_bundle)},
        credentials_{find_credentials(context, *transport_)} {}

  pg::ConnectParameters get() {
    const auto now = std::chrono::system_clock::now();
    return {{"password", rds_auth_token(login_, credentials_->get(), now)}};
  }

 private:
  RdsLogin login_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<CredentialsProvider> credentials_;
};

pg::Login login_for(const Context& context) {
  if (context.config.auth == Auth::rds_iam)
    return [login = std::make_shared<RdsIamLogin>(context)](bool) { return login->get(); };
  if (!context.config.secret.empty())
    return [login = std::make_shared<SecretLogin>(context)](bool refused) {
      return login->get(refused);
    };
  return {};
}

}  // namespace

pg::ConnectOptions connect_options(const Context& context, std::string_view command) {
  pg::ConnectOptions options{.conninfo = context.config.url.conninfo,
                             .application_name = fmt::format("dynamite/{}", command),
                             .login = login_for(context)};
  if (!context.config.ca_file.empty())
    options.parameters.emplace_back("sslrootcert", context.config.ca_file);
  return options;
}

}  // namespace dynamite
