#include "support/runtime_api.hpp"

#include <chrono>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace dynamite::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kInvocations = "/2018-06-01/runtime/invocation/";

std::string in_a_minute() {
  const auto deadline = std::chrono::system_clock::now() + 60s;
  return std::to_string(
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline.time_since_epoch()).count());
}

}  // namespace

std::string RuntimeApi::push(std::string event, std::optional<std::string> deadline_ms) {
  const std::scoped_lock lock{mutex_};
  std::string id = "request-" + std::to_string(++requests_);
  queue_.push_back({id, std::move(event), deadline_ms ? *deadline_ms : in_a_minute()});
  changed_.notify_all();
  return id;
}

RuntimeAnswer RuntimeApi::wait_for_answer() {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, 20s, [this] { return !answers_.empty(); }))
    throw std::runtime_error{"the function gave no answer within 20 s"};
  RuntimeAnswer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

ServedResponse RuntimeApi::serve(const ServedRequest& request) {
  std::string_view path = request.path;
  if (request.method == "GET" && path == std::string{kInvocations} + "next")
    return serve_next(request);
  const std::scoped_lock lock{mutex_};
  RuntimeAnswer answer{
      .request_id = "init",
      .error = path.ends_with("/error"),
      .error_type = std::string{request.header("lambda-runtime-function-error-type")},
      .body = request.body};
  if (path.starts_with(kInvocations)) {
    path.remove_prefix(kInvocations.size());
    answer.request_id = path.substr(0, path.find('/'));
  }
  if (request.method != "POST" || !(answer.error || path.ends_with("/response")))
    return {.status = 404, .headers = {}, .body = ""};
  const int status = answer.error ? 202 : std::exchange(response_status_, 202);
  if (status == 202) answers_.push_back(std::move(answer));
  changed_.notify_all();
  return {.status = status, .headers = {}, .body = R"({"status":"OK"})"};
}

ServedResponse RuntimeApi::serve_next(const ServedRequest& request) {
  std::unique_lock lock{mutex_};
  ++calls_for_work_;
  changed_.wait(lock, request.stop, [this] { return !queue_.empty() || next_; });
  if (queue_.empty()) return next_.value_or(ServedResponse{.cut_after_bytes = 0});
  const Queued invocation = std::move(queue_.front());
  queue_.pop_front();
  return {.status = 200,
          .headers = {{"Lambda-Runtime-Aws-Request-Id", invocation.request_id},
                      {"Lambda-Runtime-Deadline-Ms", invocation.deadline_ms},
                      {"Lambda-Runtime-Invoked-Function-Arn",
                       "arn:aws:lambda:us-east-1:111122223333:function:replicate"}},
          .body = invocation.event};
}

}  // namespace dynamite::test
