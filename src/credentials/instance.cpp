#include <fmt/format.h>
#include <simdjson.h>

#include "credentials/metadata.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kSource = "instance metadata";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr auto kTimeout = 1s;

std::string endpoint(const Environment& environment) {
  if (auto given = variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
    while (given->ends_with('/')) given->pop_back();
    return *given;
  }
  const auto mode = variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
  const bool six = mode && (*mode == "IPv6" || *mode == "ipv6");
  return six ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

/// Talks to one endpoint with one session token.
class Metadata {
 public:
  explicit Metadata(const CredentialsContext& context)
      : context_{context}, base_{endpoint(context.environment)} {
    open_session();
  }

  /// Absent: there is no such thing.
  std::optional<std::string> get(std::string_view path) const;

 private:
  void open_session();
  HttpResponse send(std::string method, std::string_view path, Headers headers) const;

  const CredentialsContext& context_;
  std::string base_;
  std::string token_;  ///< empty: version 1
};

HttpResponse Metadata::send(std::string method, std::string_view path, Headers headers) const {
  return ask(context_.transport,
             {.method = std::move(method),
              .url = base_ + std::string{path},
              .headers = std::move(headers),
              .body = {},
              .connect_timeout = kTimeout,
              .timeout = kTimeout,
              .use_proxy = false},
             kSource);
}

[[noreturn]] void refuse(std::string_view path, int status) {
  throw Error{status >= 500 || status == 429 ? Error::Kind::transient : Error::Kind::usage,
              fmt::format("{}: {} answered HTTP {}", kSource, path, status),
              "set AWS_EC2_METADATA_DISABLED=true if the instance's role is not wanted"};
}

void Metadata::open_session() {
  constexpr std::string_view path = "/latest/api/token";
  const HttpResponse response =
      send("PUT", path, {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}});
  const int status = response.status;
  const bool old = status == 403 || status == 404 || status == 405;
  if (old && !is_true(context_.environment, "AWS_EC2_METADATA_V1_DISABLED")) return;
  if (status != 200) refuse(path, status);
  if (response.body.empty() || response.body.find_first_of("\r\n") != std::string::npos)
    throw Error{Error::Kind::usage, fmt::format("{}: {} gave no token", kSource, path)};
  token_ = response.body;
}

std::optional<std::string> Metadata::get(std::string_view path) const {
  Headers headers;
  if (!token_.empty()) headers.emplace_back("x-aws-ec2-metadata-token", token_);
  HttpResponse response = send("GET", path, std::move(headers));
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) refuse(path, response.status);
  return std::move(response.body);
}

/// The list has one line for the one role that an instance can have.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

/// An answer of 200 may still say that there are no keys.
void require_success(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view code;
  if (parser.parse(json).get(document) != simdjson::SUCCESS ||
      document["Code"].get(code) != simdjson::SUCCESS || code == "Success")
    return;
  throw Error{Error::Kind::usage,
              fmt::format("{}: the role's keys have the code {}, wanted Success", kSource, code),
              "check the trust policy of the instance's role"};
}

}  // namespace

std::optional<KeySet> instance_credentials(const CredentialsContext& context) {
  if (is_true(context.environment, "AWS_EC2_METADATA_DISABLED")) return std::nullopt;
  const Metadata metadata{context};
  const auto roles = metadata.get(kRolePath);
  if (!roles || first_line(*roles).empty()) return std::nullopt;
  const auto document = metadata.get(std::string{kRolePath} + first_line(*roles));
  if (!document) return std::nullopt;
  require_success(*document);
  KeySet set = parse_key_document(*document, "Token", kSource);
  set.outlives_outage = true;
  return set;
}

}  // namespace dynamite
