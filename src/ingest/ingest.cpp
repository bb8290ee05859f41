#include "ingest/ingest.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/error.hpp"
#include "decode/lambda_event.hpp"

namespace dynamite {

Ingest::Ingest(IngestOptions options)
    : reports_first_failure_{options.report_batch_item_failures}, applier_{std::move(options)} {}

void Ingest::prepare(std::stop_token stop) { applier_.prepare(std::move(stop)); }

IngestOutcome Ingest::handle(std::string event, std::chrono::system_clock::time_point deadline,
                             std::stop_token stop) {
  IngestCall call{.deadline = deadline, .stop = std::move(stop)};
  call.require_time();
  const auto text = std::make_shared<const std::string>(std::move(event));
  const LambdaEvent decoded = applier_.decode(
      [&](const KnownTables& tables) { return decode_lambda_event(text, tables); }, call);
  // An event of Lambda is of one stream. Records of several streams have no common order, so that
  // no first failure could be reported.
  const bool reports = reports_first_failure_ && decoded.batches.size() == 1;
  IngestOutcome outcome;
  for (const Batch& batch : decoded.batches) {
    outcome.newest = std::max(outcome.newest, newest_time(batch));
    outcome +=
        reports ? apply_or_report(batch, call, outcome.first_failure) : applier_.apply(batch, call);
  }
  outcome.connects = call.connects;
  outcome.in_postgres = call.in_postgres;
  return outcome;
}

ApplyOutcome Ingest::apply_or_report(const Batch& batch, IngestCall& call,
                                     std::optional<FirstFailure>& first_failure) {
  try {
    return applier_.apply(batch, call);
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::poison) throw;
  }
  PrefixOutcome prefix =
      apply_prefix(batch, [&](const Batch& part) { return applier_.apply(part, call); });
  first_failure = std::move(prefix.first_failure);
  return prefix.applied;
}

}  // namespace dynamite
