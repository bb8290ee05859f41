#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/sleep.hpp"
#include "credentials/metadata.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kSource = "container credentials";
constexpr std::string_view kFullUri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr std::string_view kRelativeUri = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr auto kTimeout = 2s;
constexpr auto kPause = 100ms;

bool is_loopback(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24U == 127;
  return host == "localhost" || host == "[::1]";
}

/// The host of scheme://host[:port][/…], without its port.
std::string bare_host(std::string_view authority) {
  if (authority.starts_with('[')) return std::string{authority.substr(0, authority.find(']') + 1)};
  return std::string{authority.substr(0, authority.find(':'))};
}

/// Keys may travel in the clear only to hosts that are reached without a network.
void require_trusted(std::string_view uri) {
  const bool secure = uri.starts_with("https://");
  if (!secure && !uri.starts_with("http://"))
    throw Error{Error::Kind::usage,
                fmt::format("{} must begin with http:// or https://", kFullUri)};
  uri.remove_prefix(uri.find("://") + 3);
  const std::string_view authority = uri.substr(0, uri.find_first_of("/?#\\"));
  if (authority.find('@') != authority.npos)
    throw Error{Error::Kind::usage, fmt::format("{} must not hold a user", kFullUri)};
  const std::string host = bare_host(authority);
  constexpr std::array kHosts{"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  const bool known = std::ranges::find(kHosts, host) != kHosts.end() || is_loopback(host);
  if (!secure && !known)
    throw Error{Error::Kind::usage,
                fmt::format("{} names the host \"{}\", but over http only this machine and the "
                            "container endpoints of AWS are allowed",
                            kFullUri, host),
                "use https"};
}

std::optional<std::string> endpoint(const Environment& environment) {
  if (const auto path = variable(environment, kRelativeUri)) {
    if (!path->starts_with('/'))
      throw Error{Error::Kind::usage, fmt::format("{} must begin with /", kRelativeUri)};
    return "http://169.254.170.2" + *path;
  }
  auto uri = variable(environment, kFullUri);
  if (uri) require_trusted(*uri);
  return uri;
}

/// Empty: none is wanted. The file is read each time: its writer renews it.
std::string authorization_token(const Environment& environment) {
  std::string token;
  if (const auto file = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    token = read_secret_file(*file, "container authorization token file");
  else
    token = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  // The token becomes a header: text behind a line's end would become another header.
  if (token.find_first_of("\r\n") != token.npos)
    throw Error{Error::Kind::usage, "the container authorization token has a line break"};
  return token;
}

KeySet ask_once(Transport& transport, const HttpRequest& request) {
  const HttpResponse response = ask(transport, request, kSource);
  if (response.status != 200) {
    const bool passes = response.status >= 500 || response.status == 429;
    throw Error{passes ? Error::Kind::transient : Error::Kind::usage,
                fmt::format("{}: the endpoint answered HTTP {}", kSource, response.status),
                passes ? "" : "check the role of the task or of the service account"};
  }
  return parse_key_document(response.body, "Token", kSource);
}

}  // namespace

std::optional<KeySet> container_credentials(const CredentialsContext& context) {
  const auto uri = endpoint(context.environment);
  if (!uri) return std::nullopt;
  HttpRequest request{.method = "GET",
                      .url = *uri,
                      .headers = {{"accept", "application/json"}},
                      .body = {},
                      .connect_timeout = kTimeout,
                      .timeout = kTimeout,
                      .use_proxy = false};
  if (const std::string token = authorization_token(context.environment); !token.empty())
    request.headers.emplace_back("authorization", token);
  for (int attempt = 1;; ++attempt) {
    try {
      return ask_once(context.transport, request);
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::transient || attempt == kKeyAttemptsMax) throw;
    }
    sleep_for(kPause, {});
  }
}

}  // namespace dynamite
