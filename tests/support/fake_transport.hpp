#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "aws/aws_client.hpp"
#include "aws/http.hpp"

namespace dynamite::test {

inline HttpResponse answer(int status, std::string body, Headers headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

/// What AWS says when it refuses a call.
inline HttpResponse refusal(const std::string& name, const std::string& message = "no") {
  return answer(400, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#" + name +
                         "\",\"message\":\"" + message + "\"}");
}

/// Gives the answers of a script in order and keeps what it was asked. Safe to call from many
/// threads.
class FakeTransport : public Transport {
 public:
  /// An absent answer stands for a connection that broke.
  void then(std::optional<HttpResponse> next) { script_.push_back(std::move(next)); }
  void then(int status, std::string body) { then(answer(status, std::move(body))); }
  /// What comes when the script is at its end; without it that is an error of the test.
  void forever(HttpResponse last) { last_ = std::move(last); }

  HttpResponse send(const HttpRequest& request, std::stop_token) override {
    const std::scoped_lock lock{mutex_};
    requests_.push_back(request);
    if (script_.empty() && last_) return *last_;
    if (script_.empty()) throw std::logic_error{"the script has no answer to " + request.body};
    const std::optional<HttpResponse> next = std::move(script_.front());
    script_.pop_front();
    if (!next) throw Error{Error::Kind::transient, "the connection broke"};
    return *next;
  }

  const std::vector<HttpRequest>& requests() const noexcept { return requests_; }
  bool at_end() const noexcept { return script_.empty(); }

 private:
  std::mutex mutex_;
  std::deque<std::optional<HttpResponse>> script_;
  std::optional<HttpResponse> last_;
  std::vector<HttpRequest> requests_;
};

/// Another key each time that it is asked: KEY1, KEY2, …
class FakeCredentials : public CredentialsProvider {
 public:
  Credentials get() override {
    const std::scoped_lock lock{mutex_};
    return {"KEY" + std::to_string(++count_), "secret", session_token};
  }

  std::string session_token;

 private:
  std::mutex mutex_;
  int count_ = 0;
};

/// A region, and pauses that nobody notices.
inline AwsOptions quick_options() {
  return {.region = "eu-west-1", .retry_delay_max = std::chrono::milliseconds{1}};
}

/// A real client in front of a script.
struct FakeAws {
  explicit FakeAws(AwsOptions options = quick_options())
      : client{std::move(options), transport, keys} {}

  FakeTransport transport;
  FakeCredentials keys;
  AwsClient client;
};

}  // namespace dynamite::test
