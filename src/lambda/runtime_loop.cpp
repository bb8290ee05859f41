#include "lambda/runtime_loop.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

#include "core/visible.hpp"
#include "json/writer.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr system_clock::duration kAnswerMarginMax = 500ms;
constexpr auto kInvocationMax = 900s;  // Lambda's own limit
constexpr auto kDeadlineUnknown = 60s;

constexpr int kOk = 200;
constexpr int kPayloadTooLarge = 413;
constexpr int kServerError = 500;

system_clock::time_point parse_deadline(std::string_view text) {
  std::int64_t since_1970 = 0;
  std::from_chars(text.data(), text.data() + text.size(), since_1970);
  // Further away it would overflow; commit_deadline believes neither.
  constexpr std::int64_t kYear2200 = 7'258'118'400'000;
  return system_clock::time_point{milliseconds{std::clamp<std::int64_t>(since_1970, 0, kYear2200)}};
}

Invocation read_invocation(HttpResponse response) {
  Invocation invocation{.request_id = std::string{response.header("lambda-runtime-aws-request-id")},
                        .event = std::move(response.body),
                        .deadline = parse_deadline(response.header("lambda-runtime-deadline-ms")),
                        .trace_id = std::string{response.header("lambda-runtime-trace-id")}};
  if (response.status == kOk && !invocation.request_id.empty()) return invocation;
  throw Error{
      Error::Kind::transient,
      fmt::format("the Lambda Runtime API answered HTTP {}{}, but the next invocation was "
                  "wanted",
                  response.status, invocation.request_id.empty() ? " without a request id" : "")};
}

std::string type_of(Error::Kind kind) { return fmt::format("Dynamite.{}", to_string(kind)); }

std::string text_of(const Error& error) {
  return error.hint().empty() ? std::string{error.what()}
                              : fmt::format("{}; hint: {}", error.what(), error.hint());
}

}  // namespace

system_clock::time_point commit_deadline(system_clock::time_point lambda_deadline,
                                         system_clock::time_point now) {
  const auto left = lambda_deadline - now;
  if (left > kInvocationMax || left < -kInvocationMax) return now + kDeadlineUnknown;
  return lambda_deadline - std::clamp(left / 4, system_clock::duration{0}, kAnswerMarginMax);
}

RuntimeLoop::RuntimeLoop(Transport& transport, const std::string& runtime_api)
    : transport_{transport}, base_{fmt::format("http://{}/2018-06-01/runtime", runtime_api)} {}

void RuntimeLoop::run(const InvocationHandler& handler, const std::stop_token& stop) {
  for (bool served = false; !stop.stop_requested(); served = true) {
    HttpResponse response;
    try {
      response = next(stop);
    } catch (const Error& error) {
      if (stop.stop_requested()) return;
      if (!served) throw;
      // Local runtimes end like this.
      spdlog::info("the Lambda Runtime API is gone reason={}", in_quotes(error.what()));
      return;
    }
    answer(handler, read_invocation(std::move(response)));
  }
}

HttpResponse RuntimeLoop::next(std::stop_token stop) {
  // Lambda freezes us between invocations, for hours at times: this request must have no timeout.
  return transport_.send({.method = "GET",
                          .url = base_ + "/invocation/next",
                          .headers = {},
                          .body = "",
                          .timeout = 0ms,
                          .use_proxy = false},
                         std::move(stop));
}

void RuntimeLoop::answer(const InvocationHandler& handler, Invocation invocation) {
  const std::string request_id = invocation.request_id;
  const std::string path = "/invocation/" + request_id;
  std::string body;
  try {
    body = handler(std::move(invocation));
  } catch (const Error& error) {
    spdlog::error("invocation failed request_id={} kind={} reason={}", request_id,
                  to_string(error.kind()), in_quotes(text_of(error)));
    post_error(path + "/error", type_of(error.kind()), text_of(error));
    return;
  } catch (const std::exception& error) {
    post_error(path + "/error", type_of(Error::Kind::bug),
               fmt::format("unexpected failure, which is a bug of ours: {}", error.what()));
    throw;  // nobody knows what state we are in
  }
  if (post(path + "/response", body) == kPayloadTooLarge)
    post_error(path + "/error", type_of(Error::Kind::bug), "the response is too large for Lambda");
}

void RuntimeLoop::init_error(const Error& error) {
  try {
    post_error("/init/error", type_of(error.kind()), text_of(error));
  } catch (const Error& failure) {
    spdlog::warn("Lambda was not told of the failed start reason={}", in_quotes(failure.what()));
  }
}

int RuntimeLoop::post(const std::string& path, const std::string& body, Headers headers) {
  headers.emplace_back("content-type", "application/json");
  const HttpResponse response = transport_.send(
      {.url = base_ + path, .headers = std::move(headers), .body = body, .use_proxy = false}, {});
  if (response.status >= kServerError)
    throw Error{
        Error::Kind::transient,
        fmt::format("the Lambda Runtime API answered HTTP {} to our answer", response.status)};
  // 403: the invocation is over for Lambda, timed out say. What was committed is committed.
  if (response.status >= 400 && response.status != kPayloadTooLarge)
    spdlog::warn("the Lambda Runtime API refused an answer status={}", response.status);
  return response.status;
}

void RuntimeLoop::post_error(const std::string& path, const std::string& type,
                             const std::string& message) {
  post(path,
       JsonObject{}
           .text("errorMessage", message)
           .text("errorType", type)
           .json("stackTrace", "[]")
           .finish(),
       {{"lambda-runtime-function-error-type", type}});
}

}  // namespace dynamite
