#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "aws/endpoints.hpp"
#include "aws/http.hpp"
#include "core/error.hpp"

namespace dynamite {

/// What AWS answered instead of a result. The kind follows from the name: one table in
/// aws_error.cpp.
class AwsError : public Error {
 public:
  AwsError(Kind kind, std::string name, const std::string& message, std::string hint = {})
      : Error{kind, message, std::move(hint)}, name_{std::move(name)} {}

  /// "ExpiredIteratorException": without namespace and URL.
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< empty unless temporary
};

/// Where credentials come from. Safe to call from many threads. The seam for refreshing providers.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// Throws Error{usage} if there are none, naming where it looked.
  virtual Credentials get() = 0;
  /// AWS refused the keys `refused`: the next get() looks for others, if it would have kept them.
  virtual void invalidate(const Credentials& /*refused*/) {}
};

/// Names and values, not encoded, in any order.
using Parameters = std::map<std::string, std::string>;

/// A GET of `path`.
struct RestCall {
  std::string operation;  ///< for messages
  std::string path;
  Parameters parameters;
};

struct QueryCall {
  std::string operation;
  std::string version;  ///< of the service's interface
  Parameters parameters;
};

struct AwsOptions {
  std::string region;
  Endpoints endpoints{};
  int attempts_max = 10;  ///< of one call, then its Error is thrown
  std::chrono::milliseconds retry_delay_max{20'000};
  std::uint64_t seed = 0;  ///< of the jitter
  /// X-Ray's id of what we work on now, which is passed on; empty: none.
  std::function<std::string()> trace_id{};
};

/// Signed calls with retries: AWS JSON 1.0, and what some services speak instead. Credentials whose
/// id is empty leave a call unsigned. Safe to call from many threads.
class AwsClient {
 public:
  AwsClient(AwsOptions options, Transport& transport, CredentialsProvider& credentials);
  ~AwsClient();

  /// POSTs `body` to `operation` ("Scan", "GetRecords") and returns the answer's body.
  /// Throttles and transient failures are repeated with full jitter. Throws Error: `transient` when
  /// the attempts are used up or `stop` was requested; AwsError for everything that AWS answered.
  std::string call(Service service, std::string_view operation, std::string_view body,
                   std::stop_token stop = {});

  /// The same for a service that speaks REST.
  std::string get(Service service, const RestCall& call, std::stop_token stop = {});

  /// The same for a service that speaks AWS's query protocol. The answer is XML.
  std::string query(Service service, const QueryCall& call, std::stop_token stop = {});

 private:
  struct Unsigned;
  struct State;
  std::string repeat(Service service, const Unsigned& request, std::stop_token stop);

  std::unique_ptr<State> state_;
};

}  // namespace dynamite
