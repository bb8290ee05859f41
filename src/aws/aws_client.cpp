#include "aws/aws_client.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>
#include <ctime>
#include <mutex>
#include <random>

#include "aws/aws_error.hpp"
#include "aws/endpoints.hpp"
#include "aws/sigv4.hpp"
#include "core/reminder.hpp"
#include "core/sleep.hpp"
#include "core/visible.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::system_clock;

// Of the AWS SDKs in standard mode, for DynamoDB.
constexpr milliseconds kRetryDelay = 25ms;
constexpr milliseconds kThrottledDelay = 1'000ms;
// The SDKs' retry quota: many calls failing at once are not all repeated at once.
constexpr int kBudget = 500;
constexpr int kRetryCost = 5;

/// The prefix of x-amz-target, and the version of AWS JSON.
struct JsonProtocol {
  std::string_view target, content_type;
};

JsonProtocol json_protocol(Service service) {
  if (service == Service::streams)
    return {"DynamoDBStreams_20120810", "application/x-amz-json-1.0"};
  if (service == Service::secrets_manager) return {"secretsmanager", "application/x-amz-json-1.1"};
  return {"DynamoDB_20120810", "application/x-amz-json-1.0"};
}

std::string encoded(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (!text.empty()) text += '&';
    text += percent_encode(name) + "=" + percent_encode(value);
  }
  return text;
}

// What the service asks for; zero if nothing.
milliseconds retry_after(const HttpResponse& response) {
  const std::string_view text = response.header("x-amz-retry-after");
  std::uint32_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool number = failure == std::errc{} && end == text.data() + text.size();
  return milliseconds{number ? count : 0};
}

std::optional<system_clock::time_point> parse_http_date(std::string_view text) {
  tm parts{};
  const std::string date{text};
  const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr) return std::nullopt;
  return system_clock::from_time_t(timegm(&parts));
}

}  // namespace

/// A request before it has credentials and a time.
struct AwsClient::Unsigned {
  std::string_view operation;  ///< for messages
  std::string method = "POST";
  std::string path = "/";
  std::string query{};
  std::string content_type{};  ///< empty: no body
  std::string target{};        ///< of the JSON protocol, else empty
  std::string_view body{};
};

struct AwsClient::State {
  State(AwsOptions o, Transport& t, CredentialsProvider& c)
      : options{std::move(o)}, transport{t}, credentials{c}, random{options.seed} {}

  std::string endpoint(Service service) const;
  HttpResponse send(Service service, const Action& action, const HttpRequest& request,
                    const std::stop_token& stop) const;
  HttpRequest signed_request(Service service, const Unsigned& request,
                             const Credentials& keys) const;
  milliseconds pause(Reaction reaction, int attempt);
  bool spend_retry();
  void refund();
  void correct(Reaction reaction, const HttpResponse& response, const Credentials& refused);

  AwsOptions options;
  Transport& transport;
  CredentialsProvider& credentials;
  std::atomic<system_clock::duration::rep> clock_offset = 0;  // of AWS's clock against ours
  std::mutex mutex;                                           // of what follows
  int budget = kBudget;
  std::mt19937_64 random;
};

std::string AwsClient::State::endpoint(Service service) const {
  const std::string& given = options.endpoints[service];
  return given.empty() ? default_endpoint(service, options.region) : given;
}

HttpResponse AwsClient::State::send(Service service, const Action& action,
                                    const HttpRequest& request, const std::stop_token& stop) const {
  try {
    return transport.send(request, stop);
  } catch (const Error& error) {
    throw Error{error.kind(), fmt::format("{}: {}", action.described(), error.what()),
                options.endpoints[service].empty()
                    ? fmt::format("inside a VPC it takes {} or a NAT gateway, and a security group "
                                  "that lets port 443 out",
                                  facts_of(service).vpc_endpoint)
                    : "is the service there? AWS_ENDPOINT_URL or its kin names that endpoint"};
  }
}

HttpRequest AwsClient::State::signed_request(Service service, const Unsigned& request,
                                             const Credentials& keys) const {
  const std::string base = endpoint(service);
  const std::string date = to_amz_date(system_clock::now() + system_clock::duration{clock_offset});
  Headers headers{{"host", host_of(base)}, {"x-amz-date", date}};
  if (!request.content_type.empty()) headers.emplace_back("content-type", request.content_type);
  if (!request.target.empty()) headers.emplace_back("x-amz-target", request.target);
  if (!keys.session_token.empty()) headers.emplace_back("x-amz-security-token", keys.session_token);
  const SigningScope scope{options.region, std::string{facts_of(service).signing_name}};
  if (!keys.access_key_id.empty())
    headers.emplace_back("authorization", authorization({.method = request.method,
                                                         .path = request.path,
                                                         .query = request.query,
                                                         .headers = headers,
                                                         .body = request.body},
                                                        scope, keys, date));
  // The checksum is of the bytes as they are sent: they must not be compressed on the way.
  headers.emplace_back("accept-encoding", "identity");
  const std::string trace_id = options.trace_id ? options.trace_id() : "";
  if (!trace_id.empty()) headers.emplace_back("x-amzn-trace-id", trace_id);
  return {.method = request.method,
          .url = base + request.path + (request.query.empty() ? "" : "?" + request.query),
          .headers = std::move(headers),
          .body = std::string{request.body}};
}

milliseconds AwsClient::State::pause(Reaction reaction, int attempt) {
  const milliseconds base = reaction == Reaction::retry_throttled ? kThrottledDelay : kRetryDelay;
  const milliseconds ceiling =
      std::min(base * (1 << std::min(attempt, 12)), options.retry_delay_max);
  const std::scoped_lock lock{mutex};
  return milliseconds{std::uniform_int_distribution<milliseconds::rep>{0, ceiling.count()}(random)};
}

bool AwsClient::State::spend_retry() {
  const std::scoped_lock lock{mutex};
  if (budget < kRetryCost) return false;
  budget -= kRetryCost;
  return true;
}

void AwsClient::State::refund() {
  const std::scoped_lock lock{mutex};
  budget = std::min(kBudget, budget + 1);
}

void AwsClient::State::correct(Reaction reaction, const HttpResponse& response,
                               const Credentials& refused) {
  if (reaction == Reaction::refresh_credentials) credentials.invalidate(refused);
  const auto date = parse_http_date(response.header("date"));
  if (reaction == Reaction::correct_clock && date)
    clock_offset = (*date - system_clock::now()).count();
}

AwsClient::AwsClient(AwsOptions options, Transport& transport, CredentialsProvider& credentials)
    : state_{std::make_unique<State>(std::move(options), transport, credentials)} {}

AwsClient::~AwsClient() = default;

std::string AwsClient::call(Service service, std::string_view operation, std::string_view body,
                            std::stop_token stop) {
  const JsonProtocol protocol = json_protocol(service);
  return repeat(service,
                {.operation = operation,
                 .content_type = std::string{protocol.content_type},
                 .target = fmt::format("{}.{}", protocol.target, operation),
                 .body = body},
                std::move(stop));
}

std::string AwsClient::get(Service service, const RestCall& call, std::stop_token stop) {
  return repeat(service,
                {.operation = call.operation,
                 .method = "GET",
                 .path = call.path,
                 .query = encoded(call.parameters)},
                std::move(stop));
}

std::string AwsClient::query(Service service, const QueryCall& call, std::stop_token stop) {
  Parameters parameters = call.parameters;
  parameters.emplace("Action", call.operation);
  parameters.emplace("Version", call.version);
  const std::string form = encoded(parameters);
  return repeat(service,
                {.operation = call.operation,
                 .content_type = "application/x-www-form-urlencoded; charset=utf-8",
                 .body = form},
                std::move(stop));
}

namespace {

/// Says that a call is repeated: each time at level debug, and once it has gone on for long.
class RepeatLog {
 public:
  explicit RepeatLog(const Action& action) : action_{action} {}

  void note(int attempt, milliseconds pause, const Error& error) {
    spdlog::debug("repeating call={} attempt={} pause_ms={} reason={}", action_.operation, attempt,
                  pause.count(), in_quotes(error.what()));
    const auto now = std::chrono::steady_clock::now();
    if (now - begin_ < kLong || !reminder_.due("", now)) return;
    spdlog::warn("AWS is asked again and again call={} attempts={} seconds={} reason={}",
                 action_.operation, attempt,
                 std::chrono::duration_cast<std::chrono::seconds>(now - begin_).count(),
                 in_quotes(error.what()));
  }

 private:
  static constexpr std::chrono::seconds kLong{10};

  const Action& action_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  Reminder reminder_;
};

}  // namespace

std::string AwsClient::repeat(Service service, const Unsigned& request, std::stop_token stop) {
  const Action action{.operation = request.operation,
                      .service = facts_of(service).signing_name,
                      .body = request.body};
  RepeatLog log{action};
  bool corrected = false;  // credentials or clock: once
  for (int attempt = 0;; ++attempt) {
    Reaction reaction = Reaction::retry;
    milliseconds wanted{0};
    std::optional<Error> reason;
    try {
      const Credentials keys = state_->credentials.get();
      HttpResponse response =
          state_->send(service, action, state_->signed_request(service, request, keys), stop);
      auto failure = failure_of(response, action);
      if (!failure) {
        state_->refund();
        return std::move(response.body);
      }
      reaction = failure->reaction;
      const bool correctable =
          reaction == Reaction::refresh_credentials || reaction == Reaction::correct_clock;
      if (reaction == Reaction::give_up || (correctable && std::exchange(corrected, true)))
        throw failure->error;
      state_->correct(reaction, response, keys);
      wanted = retry_after(response);
      if (!correctable && (attempt + 1 >= state_->options.attempts_max || !state_->spend_retry()))
        throw failure->error;
      reason = failure->error;
    } catch (const AwsError&) {
      throw;
    } catch (const Error& error) {
      const bool last = attempt + 1 >= state_->options.attempts_max;
      if (error.kind() != Error::Kind::transient || last || stop.stop_requested() ||
          !state_->spend_retry())
        throw;
      reason = error;
    }
    const milliseconds pause = std::min(std::max(state_->pause(reaction, attempt), wanted),
                                        state_->options.retry_delay_max);
    log.note(attempt + 1, pause, *reason);
    sleep_for(pause, stop);
    if (stop.stop_requested())
      throw Error{Error::Kind::transient, fmt::format("{} was stopped", action.described())};
  }
}

}  // namespace dynamite
