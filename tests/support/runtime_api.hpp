#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "support/http_server.hpp"

namespace dynamite::test {

/// What a function told the Runtime API.
struct RuntimeAnswer {
  std::string request_id;  ///< "init" for an error of the start
  bool error = false;
  std::string error_type;  ///< of the header
  std::string body;
};

/// Lambda's Runtime API for one function: hands it invocations and keeps its answers.
class RuntimeApi {
 public:
  RuntimeApi() : server_{[this](const ServedRequest& request) { return serve(request); }} {}

  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }

  /// Queues an invocation and returns its request id. `deadline_ms` as in the header; absent: a
  /// minute from now.
  std::string push(std::string event, std::optional<std::string> deadline_ms = {});

  /// The next answer. Throws after 20 s.
  RuntimeAnswer wait_for_answer();

  RuntimeAnswer invoke(std::string event, std::optional<std::string> deadline_ms = {}) {
    push(std::move(event), std::move(deadline_ms));
    return wait_for_answer();
  }

  /// The status of the next answer to a response.
  void refuse_response(int status) {
    const std::scoped_lock lock{mutex_};
    response_status_ = status;
  }

  /// From now on the call for work is answered so.
  void answer_next(ServedResponse response) {
    const std::scoped_lock lock{mutex_};
    next_ = std::move(response);
    changed_.notify_all();
  }

  int calls_for_work() const {
    const std::scoped_lock lock{mutex_};
    return calls_for_work_;
  }

 private:
  struct Queued {
    std::string request_id, event, deadline_ms;
  };

  ServedResponse serve(const ServedRequest& request);
  ServedResponse serve_next(const ServedRequest& request);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Queued> queue_;
  std::deque<RuntimeAnswer> answers_;
  std::optional<ServedResponse> next_;
  int response_status_ = 202;
  int calls_for_work_ = 0;
  std::uint64_t requests_ = 0;
  HttpServer server_;  // last: its threads use all above
};

}  // namespace dynamite::test
