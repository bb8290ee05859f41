#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "app/commands/commands.hpp"
#include "app/commands/one_shots.hpp"
#include "app/wiring/ingest.hpp"
#include "core/error.hpp"
#include "core/visible.hpp"
#include "ingest/ingest.hpp"
#include "json/scanner.hpp"
#include "json/text.hpp"
#include "json/writer.hpp"
#include "lambda/metrics.hpp"
#include "lambda/runtime_loop.hpp"

namespace dynamite {
namespace {

using std::chrono::system_clock;

void prepare(const Context& context, Ingest& ingest, RuntimeLoop& loop) {
  try {
    ingest.prepare(context.stop);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) {
      loop.init_error(error);
      throw;
    }
    // PostgreSQL may be back at the first invocation, which says so if it is not.
    spdlog::warn("not ready yet reason={}", in_quotes(error.what()));
  }
}

/// NAME of an event {"dynamite": "NAME"}; absent for every other event. Throws Error{usage} if it
/// has other members: whoever wrote them expects something of them.
std::optional<std::string> one_shot_of(const std::string& event) {
  constexpr std::size_t kSizeMax = 1'000;  // others need not be looked through
  if (event.size() > kSizeMax || event.find("\"dynamite\"") == std::string::npos)
    return std::nullopt;
  std::optional<std::string> name;
  std::string other;
  JsonScanner scanner{event};
  scan_object(scanner, [&](std::string_view member) {
    const bool names = token_is(member, "dynamite") && scanner.peek() == '"';
    const std::string_view value = names ? scanner.string() : scanner.skip_value();
    if (names)
      append_unescaped(name.emplace(), value);
    else
      other = member;
  });
  if (name && !other.empty())
    throw Error{Error::Kind::usage,
                fmt::format("the request {} has the member {}, which nobody reads",
                            json_string(*name), in_quotes(other)),
                "a request has one member, for example {\"dynamite\": \"status\"}"};
  return name;
}

std::string answer_one_shot(const Context& context, const std::string& name) {
  if (name == "bootstrap") return bootstrap_answer(context);
  if (name == "status") return status_answer(context);
  if (name == "maintain") return maintain_answer(context);
  throw Error{Error::Kind::usage,
              fmt::format("the event asks for {}, wanted \"bootstrap\", \"status\" or \"maintain\"",
                          json_string(name))};
}

/// Prints a line that AWS turns into metrics. Outside AWS nothing is printed.
void print_metrics(const Context& context, const Invocation& invocation,
                   const IngestOutcome& outcome, std::chrono::microseconds time) {
  const auto function = context.environment("AWS_LAMBDA_FUNCTION_NAME");
  if (!function) return;
  const auto now = system_clock::now();
  std::vector<std::pair<std::string, std::string>> properties{{"requestId", invocation.request_id}};
  if (!invocation.trace_id.empty()) properties.emplace_back("traceId", invocation.trace_id);
  fmt::print("{}\n", embedded_metrics(*function, metrics_of(outcome, time, now), properties, now));
  std::fflush(stdout);
}

/// The form of a mapping with ReportBatchItemFailures; others do not read it.
std::string response_of(const IngestOutcome& outcome) {
  JsonArray failures;
  if (outcome.first_failure)
    failures.json(
        JsonObject{}.text("itemIdentifier", outcome.first_failure->sequence_number).finish());
  return JsonObject{}.json("batchItemFailures", failures.finish()).finish();
}

std::string apply_event(const Context& context, Ingest& ingest, Invocation invocation) {
  const auto begin = std::chrono::steady_clock::now();
  const auto deadline = commit_deadline(invocation.deadline, system_clock::now());
  const IngestOutcome outcome = ingest.handle(std::move(invocation.event), deadline, context.stop);
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  if (outcome.dead_letters > 0)
    spdlog::warn("records were set aside request_id={} dead_letters={}", invocation.request_id,
                 outcome.dead_letters);
  if (outcome.outdated > 0)
    spdlog::warn(
        "records of a stream that ended before the last pass change nothing request_id={} "
        "records={}",
        invocation.request_id, outcome.outdated);
  if (outcome.first_failure)
    spdlog::error("a record cannot be applied request_id={} sequence_number={} reason={}",
                  invocation.request_id, outcome.first_failure->sequence_number,
                  in_quotes(outcome.first_failure->reason));
  print_metrics(context, invocation, outcome, time);
  return response_of(outcome);
}

std::string serve(const Context& context, Ingest& ingest, Invocation invocation) {
  // AWS's own runtimes set it too, for libraries that trace calls. No other thread reads the
  // environment now.
  setenv("_X_AMZN_TRACE_ID", invocation.trace_id.c_str(), 1);
  if (const auto name = one_shot_of(invocation.event)) return answer_one_shot(context, *name);
  return apply_event(context, ingest, std::move(invocation));
}

}  // namespace

void report_failed_start_of_lambda(const Environment& environment, const Error& error) {
  const auto runtime_api = environment("AWS_LAMBDA_RUNTIME_API");
  if (!runtime_api) return;
  const auto transport = make_curl_transport();
  RuntimeLoop{*transport, *runtime_api}.init_error(error);
}

int run_lambda(const Context& context) {
  const auto runtime_api = context.environment("AWS_LAMBDA_RUNTIME_API");
  if (!runtime_api)
    throw Error{Error::Kind::usage, "AWS_LAMBDA_RUNTIME_API is not set",
                "`dynamite lambda` runs inside AWS Lambda, which sets it"};
  const auto transport = make_curl_transport();
  RuntimeLoop loop{*transport, *runtime_api};
  Ingest ingest{ingest_options(context, "lambda")};
  prepare(context, ingest, loop);
  loop.run([&](Invocation invocation) { return serve(context, ingest, std::move(invocation)); },
           context.stop);
  return kExitDone;
}

}  // namespace dynamite
