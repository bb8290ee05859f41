#include <spdlog/spdlog.h>

#include <chrono>
#include <string>

#include "app/commands.hpp"
#include "app/handler_options.hpp"
#include "core/error.hpp"
#include "lambda/handler.hpp"
#include "lambda/runtime_loop.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kSuccess = R"({"batchItemFailures":[]})";

void prepare(const Context& context, Handler& handler, RuntimeLoop& loop) {
  try {
    handler.prepare(context.stop);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) {
      loop.init_error(error);
      throw;
    }
    // PostgreSQL may be back at the first invocation, which says so if it is not.
    spdlog::warn("not ready yet reason=\"{}\"", error.what());
  }
}

std::string serve(const Context& context, Handler& handler, Invocation invocation) {
  const auto deadline = commit_deadline(invocation.deadline, std::chrono::system_clock::now());
  const HandlerOutcome outcome =
      handler.handle(std::move(invocation.event), deadline, context.stop);
  spdlog::debug("applied request_id={} records={} changes={} rows={}", invocation.request_id,
                outcome.records, outcome.changes, outcome.applied);
  if (outcome.dead_letters > 0)
    spdlog::warn("records were set aside request_id={} dead_letters={}", invocation.request_id,
                 outcome.dead_letters);
  return std::string{kSuccess};
}

}  // namespace

int run_lambda(const Context& context) {
  const auto runtime_api = context.environment("AWS_LAMBDA_RUNTIME_API");
  if (!runtime_api)
    throw Error{Error::Kind::usage, "AWS_LAMBDA_RUNTIME_API is not set",
                "`dynamite lambda` runs inside AWS Lambda, which sets it"};
  const auto transport = make_curl_transport();
  RuntimeLoop loop{*transport, *runtime_api};
  Handler handler{handler_options(context, "lambda")};
  prepare(context, handler, loop);
  loop.run([&](Invocation invocation) { return serve(context, handler, std::move(invocation)); },
           context.stop);
  return kExitDone;
}

}  // namespace dynamite
