#include "aws/aws_error.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <zlib.h>

#include <array>

#include "aws/subject.hpp"
#include "aws/xml_text.hpp"

namespace dynamite {
namespace {

struct Rule {
  std::string_view name;
  Error::Kind kind;
  Reaction reaction;
};

using enum Error::Kind;
using enum Reaction;

// The one table of AWS error names.
constexpr std::array kRules{
    Rule{"ExpiredIteratorException", transient, give_up},  // the shard reader makes a new iterator
    Rule{"TrimmedDataAccessException", gap, give_up},
    Rule{"ResourceNotFoundException", gone, give_up},
    Rule{"TableNotFoundException", gone, give_up},
    Rule{"ResourceInUseException", usage, give_up},
    Rule{"ConditionalCheckFailedException", usage, give_up},
    Rule{"AccessDeniedException", usage, give_up},
    Rule{"AccessDenied", usage, give_up},
    Rule{"UnauthorizedException", usage, give_up},
    Rule{"InvalidIdentityToken", usage, give_up},
    Rule{"IDPRejectedClaim", usage, give_up},
    Rule{"RegionDisabledException", usage, give_up},
    Rule{"ValidationError", usage, give_up},  // of STS: a role or session name of the user
    Rule{"ValidationException", bug, give_up},
    Rule{"SerializationException", bug, give_up},
    Rule{"UnknownOperationException", bug, give_up},
    Rule{"MissingAuthenticationToken", bug, give_up},
    Rule{"MissingAuthenticationTokenException", bug, give_up},
    Rule{"IncompleteSignature", bug, give_up},
    Rule{"IncompleteSignatureException", bug, give_up},
    Rule{"ExpiredToken", usage, refresh_credentials},
    Rule{"ExpiredTokenException", usage, refresh_credentials},
    Rule{"UnrecognizedClientException", usage, refresh_credentials},
    Rule{"InvalidClientTokenId", usage, refresh_credentials},
    Rule{"RequestExpired", usage, correct_clock},
    Rule{"RequestTimeTooSkewed", usage, correct_clock},
    Rule{"InvalidSignatureException", usage, correct_clock},
    Rule{"SignatureDoesNotMatch", usage, correct_clock},
    Rule{"Throttling", transient, retry_throttled},
    Rule{"ThrottlingException", transient, retry_throttled},
    Rule{"ThrottledException", transient, retry_throttled},
    Rule{"RequestThrottled", transient, retry_throttled},
    Rule{"RequestThrottledException", transient, retry_throttled},
    Rule{"TooManyRequestsException", transient, retry_throttled},
    Rule{"ProvisionedThroughputExceededException", transient, retry_throttled},
    Rule{"RequestLimitExceeded", transient, retry_throttled},
    Rule{"BandwidthLimitExceeded", transient, retry_throttled},
    Rule{"LimitExceededException", transient, retry_throttled},
    Rule{"TransactionInProgressException", transient, retry_throttled},
    Rule{"SlowDown", transient, retry_throttled},
    Rule{"IDPCommunicationError", transient, retry},
    Rule{"InternalServerError", transient, retry},
    Rule{"InternalFailure", transient, retry},
    Rule{"ServiceUnavailable", transient, retry},
    Rule{"RequestTimeout", transient, retry},
    Rule{"RequestTimeoutException", transient, retry},
    Rule{"PriorRequestNotComplete", transient, retry},
};

// com.amazonaws.dynamodb.v20120810#ResourceNotFoundException:http://… → ResourceNotFoundException
std::string bare_name(std::string_view name) {
  name = name.substr(0, name.find(':'));
  if (const std::size_t hash = name.rfind('#'); hash != name.npos) name.remove_prefix(hash + 1);
  return std::string{name};
}

// A refused signature comes with the canonical request on further lines, session token included.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

struct Body {
  std::string type, code, message;
};

/// What the query protocol says.
Body read_xml(const std::string& body) {
  const auto first = [&](const char* name) {
    const auto texts = xml_texts(body, name);
    return texts.empty() ? std::string{} : first_line(texts.front());
  };
  return {.type = "", .code = first("Code"), .message = first("Message")};
}

// What the body says of an error; empty if it is something else, such as a proxy's HTML.
Body read_body(const std::string& body) {
  if (body.starts_with('<')) return read_xml(body);
  Body said;
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(body).get(document) != simdjson::SUCCESS || !document.is_object()) return said;
  const auto member = [&](const char* name) {
    std::string_view text;
    return document[name].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
  };
  said.type = member("__type");
  said.code = member("code");
  said.message = first_line(member("message").empty() ? member("Message") : member("message"));
  return said;
}

bool checksum_fits(const HttpResponse& response) {
  const std::string_view wanted = response.header("x-amz-crc32");
  if (wanted.empty()) return true;
  const auto seen =
      crc32_z(0, reinterpret_cast<const Bytef*>(response.body.data()), response.body.size());
  return wanted == std::to_string(seen);
}

std::string hint_for(std::string_view name, const Action& action) {
  if (name.starts_with("AccessDenied"))
    // Signatures of CloudWatch call it monitoring, policies do not.
    return fmt::format("allow the action {}:{}",
                       action.service == "monitoring" ? "cloudwatch" : action.service,
                       action.operation);
  if (name == "UnrecognizedClientException" || name == "InvalidClientTokenId" ||
      name.starts_with("ExpiredToken"))
    return "check AWS_PROFILE or AWS_ACCESS_KEY_ID, and renew temporary credentials";
  if (name.find("Signature") != name.npos)
    return "check the secret access key and this machine's clock";
  return {};
}

bool is_throttle(int status) { return status == 429; }
bool is_transient(int status) { return status >= 500 || status == 408 || is_throttle(status); }

// AWS names its errors. An error without a name comes from something in between, such as a proxy.
// It may pass, except for a body that is too large.
Failure unnamed(const HttpResponse& response, const Action& action) {
  const bool again = response.status != 413;
  const std::string proxy =
      response.proxy.empty() ? "" : fmt::format(" through the proxy {}", response.proxy);
  std::string hint = is_transient(response.status) ? "" : "check the endpoint and the proxy";
  if (!proxy.empty()) hint = "check that proxy, or name the endpoint's host in NO_PROXY";
  return {AwsError{again ? transient : bug, "",
                   fmt::format("{} answered HTTP {} without an error's name{}", action.described(),
                               response.status, proxy),
                   std::move(hint)},
          !again                         ? give_up
          : is_throttle(response.status) ? retry_throttled
                                         : retry};
}

Failure named(const std::string& name, const Body& body, int status, const Action& action) {
  const std::string operation = action.described();
  const std::string separator = body.message.empty() ? "" : ": ";
  for (const Rule& rule : kRules)
    if (rule.name == name)
      return {AwsError{rule.kind, name,
                       fmt::format("{}: {}{}{}", operation, name, separator, body.message),
                       hint_for(name, action)},
              rule.reaction};
  const bool again = is_transient(status);
  return {AwsError{again ? transient : bug, name,
                   fmt::format("{}: {} (HTTP {}){}{}", operation, name, status, separator,
                               body.message)},
          !again                ? give_up
          : is_throttle(status) ? retry_throttled
                                : retry};
}

// A result has no "__type" of its own, though its items may have one. An answer as large as this is
// a result, and is not looked at.
bool may_be_error(const HttpResponse& response) {
  constexpr std::size_t kErrorBytesMax = 64U << 10U;
  if (response.status < 200 || response.status > 299) return true;
  return !response.header("x-amzn-errortype").empty() ||
         (response.body.size() <= kErrorBytesMax &&
          response.body.find("\"__type\"") != std::string::npos);
}

}  // namespace

std::string Action::described() const {
  const std::string subject = subject_of(body);
  return subject.empty() ? std::string{operation} : fmt::format("{} of \"{}\"", operation, subject);
}

std::optional<Failure> failure_of(const HttpResponse& response, const Action& action) {
  if (!checksum_fits(response))
    return Failure{
        AwsError{transient, "CrcMismatch",
                 fmt::format("the answer to {} arrived damaged (CRC-32)", action.described())},
        retry};
  if (!may_be_error(response)) return std::nullopt;
  const bool success = response.status >= 200 && response.status < 300;
  const Body body = read_body(response.body);
  const std::string_view header = response.header("x-amzn-errortype");
  const std::string& said = body.type.empty() && !success ? body.code : body.type;
  const std::string name = bare_name(header.empty() ? said : header);
  if (!name.empty()) return named(name, body, response.status, action);
  return success ? std::nullopt : std::optional{unnamed(response, action)};
}

}  // namespace dynamite
