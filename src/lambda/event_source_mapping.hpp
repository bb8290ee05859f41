#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "aws/aws_client.hpp"

namespace dynamite {

/// What Lambda says of the mapping that reads a stream for a function.
struct EventSourceMapping {
  std::string uuid;
  std::string state;                         ///< "Enabled", "Disabled", "Updating", …
  std::string last_result;                   ///< "OK", "PROBLEM: Function call failed", …
  bool reports_batch_item_failures = false;  ///< it reads the function's answer
  std::optional<std::chrono::seconds> record_age_max{};  ///< older records are discarded
};

/// All mappings of the stream to the function. Throws what AwsClient::get throws.
std::vector<EventSourceMapping> event_source_mappings(AwsClient& client,
                                                      const std::string& stream_arn,
                                                      const std::string& function_name,
                                                      std::stop_token stop = {});

struct TimeSpan {
  std::chrono::system_clock::time_point begin, end;
};

/// The longest that a record had waited when the function was given it, over all its mappings;
/// absent: it was given none in that time.
std::optional<std::chrono::milliseconds> iterator_age_max(AwsClient& client,
                                                          const std::string& function_name,
                                                          const TimeSpan& span,
                                                          std::stop_token stop = {});

}  // namespace dynamite
