#include "lambda/metrics.hpp"

#include <algorithm>

#include "json/writer.hpp"

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
  JsonArray definitions;
  for (const Metric& metric : metrics)
    definitions.json(JsonObject{}.text("Name", metric.name).text("Unit", metric.unit).finish());
  const std::string directive = JsonObject{}
                                    .text("Namespace", "Dynamite")
                                    .json("Dimensions", R"([["FunctionName"]])")
                                    .json("Metrics", definitions.finish())
                                    .finish();
  const auto since_1970 =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  JsonObject line;
  line.json("_aws", JsonObject{}
                        .number("Timestamp", since_1970.count())
                        .json("CloudWatchMetrics", JsonArray{}.json(directive).finish())
                        .finish());
  line.text("FunctionName", function_name);
  for (const Metric& metric : metrics) line.number(metric.name, metric.value);
  for (const auto& [name, value] : properties) line.text(name, value);
  return line.finish();
}

std::vector<Metric> metrics_of(const IngestOutcome& outcome, std::chrono::microseconds time,
                               std::chrono::system_clock::time_point now) {
  const auto count = [](auto number) { return static_cast<double>(number); };
  const double written = count(outcome.applied) + count(outcome.dead_letters);
  std::vector<Metric> metrics{
      {"Records", kCount, count(outcome.records)},
      {"Applied", kCount, count(outcome.applied)},
      {"Stale", kCount, std::max(0.0, count(outcome.changes) - written)},
      {"Untaken", kCount, count(outcome.untaken)},
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
