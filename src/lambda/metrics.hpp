#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/ingest.hpp"

namespace dynamite {

struct Metric {
  std::string_view name;
  std::string_view unit;  ///< of CloudWatch: "Count", "Milliseconds"
  double value = 0;
};

/// One line, without its end, in CloudWatch's Embedded Metric Format: namespace Dynamite, dimension
/// FunctionName. `properties` are searchable beside the metrics.
std::string embedded_metrics(std::string_view function_name, const std::vector<Metric>& metrics,
                             const std::vector<std::pair<std::string, std::string>>& properties,
                             std::chrono::system_clock::time_point now);

/// What is measured of an invocation that took `time`. The lag is that of the newest record.
std::vector<Metric> metrics_of(const IngestOutcome& outcome, std::chrono::microseconds time,
                               std::chrono::system_clock::time_point now);

}  // namespace dynamite
