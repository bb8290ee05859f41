#include "lambda/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json/text.hpp"

namespace dynamite {
namespace {

constexpr std::string_view kCount = "Count";
constexpr std::string_view kMilliseconds = "Milliseconds";

double milliseconds_of(std::chrono::microseconds time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

}  // namespace

std::string embedded_metrics(std::string_view function_name, const std::vector<Metric>& metrics,
                             const std::vector<std::pair<std::string, std::string>>& properties,
                             std::chrono::system_clock::time_point now) {
  std::string definitions;
  std::string members = fmt::format(R"("FunctionName":{})", json_string(function_name));
  for (const Metric& metric : metrics) {
    if (!definitions.empty()) definitions += ',';
    definitions += fmt::format(R"({{"Name":"{}","Unit":"{}"}})", metric.name, metric.unit);
    members += fmt::format(R"(,"{}":{})", metric.name, metric.value);
  }
  for (const auto& [name, value] : properties)
    members += fmt::format(",{}:{}", json_string(name), json_string(value));
  return fmt::format(
      R"({{"_aws":{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"Dynamite",)"
      R"("Dimensions":[["FunctionName"]],"Metrics":[{}]}}]}},{}}})",
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count(),
      definitions, members);
}

std::vector<Metric> metrics_of(const IngestOutcome& outcome, std::chrono::microseconds time,
                               std::chrono::system_clock::time_point now) {
  const auto count = [](auto number) { return static_cast<double>(number); };
  const double written = count(outcome.applied) + count(outcome.dead_letters);
  std::vector<Metric> metrics{
      {"Records", kCount, count(outcome.records)},
      {"Applied", kCount, count(outcome.applied)},
      {"Stale", kCount, std::max(0.0, count(outcome.changes) - written)},
      {"DeadLetters", kCount, count(outcome.dead_letters)},
      {"BatchMilliseconds", kMilliseconds, milliseconds_of(time)},
      {"PostgresMilliseconds", kMilliseconds, milliseconds_of(outcome.in_postgres)},
      {"Connects", kCount, count(outcome.connects)}};
  if (outcome.newest) {
    const auto lag = std::chrono::duration_cast<std::chrono::microseconds>(now - *outcome.newest);
    metrics.push_back({"LagMilliseconds", kMilliseconds, std::max(0.0, milliseconds_of(lag))});
  }
  return metrics;
}

}  // namespace dynamite
