#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "aws/http.hpp"
#include "core/error.hpp"

namespace dynamite {

/// What Lambda says of one invocation.
struct Invocation {
  std::string request_id;
  std::string event;
  std::chrono::system_clock::time_point deadline;  ///< as Lambda says, unchecked
  std::string trace_id;                            ///< of X-Ray; empty: none
};

/// Answers an invocation with the response's body, or throws Error.
using InvocationHandler = std::function<std::string(Invocation)>;

/// When an invocation must have committed: half a second before Lambda's deadline, so that there is
/// time to answer; of a short time, a quarter before its end. A deadline that has just passed is
/// kept: the process was frozen. A deadline further from now than an invocation can last, before or
/// after it (some local runtimes send a constant), is not believed: it becomes a minute from now.
std::chrono::system_clock::time_point commit_deadline(
    std::chrono::system_clock::time_point lambda_deadline,
    std::chrono::system_clock::time_point now);

/// The loop of Lambda's Runtime API: next invocation, handle, response or error. An error answer
/// makes Lambda repeat the event.
class RuntimeLoop {
 public:
  /// `runtime_api`: HOST:PORT, the value of AWS_LAMBDA_RUNTIME_API.
  RuntimeLoop(Transport& transport, const std::string& runtime_api);

  /// Serves until `stop` is requested or, after the first invocation, nobody answers any more.
  /// Throws Error{transient} if the Runtime API fails, and what `handler` throws that is no Error:
  /// the process shall end then, and Lambda makes a new one.
  void run(const InvocationHandler& handler, const std::stop_token& stop);

  /// Tells Lambda that the process cannot serve; it shall end after that. If Lambda cannot be told,
  /// the log says so: `error` is what matters.
  void init_error(const Error& error);

 private:
  HttpResponse next(std::stop_token stop);
  void answer(const InvocationHandler& handler, Invocation invocation);
  int post(const std::string& path, const std::string& body, Headers headers = {});
  void post_error(const std::string& path, const std::string& type, const std::string& message);

  Transport& transport_;
  std::string base_;
};

}  // namespace dynamite
