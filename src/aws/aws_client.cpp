#include "aws/aws_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <mutex>
#include <random>

#include "aws/aws_error.hpp"
#include "aws/endpoints.hpp"
#include "aws/sigv4.hpp"
#include "core/sleep.hpp"

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

std::string target(Service service, std::string_view operation) {
  return fmt::format("{}.{}",
                     service == Service::streams ? "DynamoDBStreams_20120810" : "DynamoDB_20120810",
                     operation);
}

std::optional<system_clock::time_point> parse_http_date(std::string_view text) {
  tm parts{};
  const std::string date{text};
  const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr) return std::nullopt;
  return system_clock::from_time_t(timegm(&parts));
}

}  // namespace

struct AwsClient::State {
  State(AwsOptions o, Transport& t, CredentialsProvider& c)
      : options{std::move(o)}, transport{t}, credentials{c}, random{options.seed} {
    if (options.dynamodb_endpoint.empty())
      options.dynamodb_endpoint = default_endpoint(Service::dynamodb, options.region);
    if (options.streams_endpoint.empty())
      options.streams_endpoint = default_endpoint(Service::streams, options.region);
  }

  HttpRequest signed_request(Service service, std::string_view operation,
                             std::string_view body) const;
  milliseconds pause(Reaction reaction, int attempt);
  bool spend_retry();
  void refund();
  void correct_clock(const HttpResponse& response);

  AwsOptions options;
  Transport& transport;
  CredentialsProvider& credentials;
  std::atomic<system_clock::duration::rep> clock_offset = 0;  // of AWS's clock against ours
  std::mutex mutex;                                           // of what follows
  int budget = kBudget;
  std::mt19937_64 random;
};

HttpRequest AwsClient::State::signed_request(Service service, std::string_view operation,
                                             std::string_view body) const {
  const std::string& endpoint =
      service == Service::streams ? options.streams_endpoint : options.dynamodb_endpoint;
  const Credentials keys = credentials.get();
  const std::string date = to_amz_date(system_clock::now() + system_clock::duration{clock_offset});
  Headers headers{{"content-type", "application/x-amz-json-1.0"},
                  {"host", host_of(endpoint)},
                  {"x-amz-date", date},
                  {"x-amz-target", target(service, operation)}};
  if (!keys.session_token.empty()) headers.emplace_back("x-amz-security-token", keys.session_token);
  const SigningScope scope{options.region, "dynamodb"};
  headers.emplace_back(
      "authorization",
      authorization({.method = "POST", .path = "/", .query = "", .headers = headers, .body = body},
                    scope, keys, date));
  // The sum over the bytes as sent is checked: nobody shall compress them on the way.
  headers.emplace_back("accept-encoding", "identity");
  return {.url = endpoint + "/", .headers = std::move(headers), .body = std::string{body}};
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

void AwsClient::State::correct_clock(const HttpResponse& response) {
  if (const auto date = parse_http_date(response.header("date")))
    clock_offset = (*date - system_clock::now()).count();
}

AwsClient::AwsClient(AwsOptions options, Transport& transport, CredentialsProvider& credentials)
    : state_{std::make_unique<State>(std::move(options), transport, credentials)} {}

AwsClient::~AwsClient() = default;

std::string AwsClient::call(Service service, std::string_view operation, std::string_view body,
                            std::stop_token stop) {
  bool corrected = false;  // credentials or clock: once
  for (int attempt = 0;; ++attempt) {
    Reaction reaction = Reaction::retry;
    try {
      HttpResponse response =
          state_->transport.send(state_->signed_request(service, operation, body), stop);
      auto failure = failure_of(response, operation);
      if (!failure) {
        state_->refund();
        return std::move(response.body);
      }
      reaction = failure->reaction;
      const bool correctable =
          reaction == Reaction::refresh_credentials || reaction == Reaction::correct_clock;
      if (reaction == Reaction::give_up || (correctable && std::exchange(corrected, true)))
        throw failure->error;
      if (reaction == Reaction::correct_clock) state_->correct_clock(response);
      if (!correctable && (attempt + 1 >= state_->options.attempts_max || !state_->spend_retry()))
        throw failure->error;
    } catch (const AwsError&) {
      throw;
    } catch (const Error& error) {
      const bool last = attempt + 1 >= state_->options.attempts_max;
      if (error.kind() != Error::Kind::transient || last || stop.stop_requested() ||
          !state_->spend_retry())
        throw;
    }
    sleep_for(state_->pause(reaction, attempt), stop);
    if (stop.stop_requested())
      throw Error{Error::Kind::transient, fmt::format("{} was stopped", operation)};
  }
}

}  // namespace dynamite
