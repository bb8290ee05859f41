#include "lambda/event_source_mapping.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>

#include "aws/json_member.hpp"
#include "aws/xml_text.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

using simdjson::dom::element;

constexpr auto kMetricPeriod = std::chrono::seconds{3'600};

EventSourceMapping mapping_of(element object) {
  EventSourceMapping mapping{.uuid = member_text(object, "UUID"),
                             .state = member_text(object, "State"),
                             .last_result = member_text(object, "LastProcessingResult")};
  simdjson::dom::array types;
  if (object["FunctionResponseTypes"].get(types) == simdjson::SUCCESS)
    mapping.reports_batch_item_failures = std::ranges::any_of(types, [](element type) {
      std::string_view text;
      return type.get(text) == simdjson::SUCCESS && text == "ReportBatchItemFailures";
    });
  std::int64_t age = -1;  // for ever
  if (object["MaximumRecordAgeInSeconds"].get(age) == simdjson::SUCCESS && age >= 0)
    mapping.record_age_max = std::chrono::seconds{age};
  return mapping;
}

}  // namespace

std::vector<EventSourceMapping> event_source_mappings(AwsClient& client,
                                                      const std::string& stream_arn,
                                                      const std::string& function_name,
                                                      std::stop_token stop) {
  std::vector<EventSourceMapping> mappings;
  Parameters parameters{{"EventSourceArn", stream_arn}, {"FunctionName", function_name}};
  do {
    const std::string body = client.get(Service::lambda,
                                        {.operation = "ListEventSourceMappings",
                                         .path = "/2015-03-31/event-source-mappings/",
                                         .parameters = parameters},
                                        stop);
    simdjson::dom::parser parser;
    element answer;
    simdjson::dom::array list;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
        answer["EventSourceMappings"].get(list) != simdjson::SUCCESS)
      throw Error{Error::Kind::transient, "ListEventSourceMappings answered without mappings"};
    for (const element mapping : list) mappings.push_back(mapping_of(mapping));
    parameters["Marker"] = member_text(answer, "NextMarker");
  } while (!parameters["Marker"].empty());
  return mappings;
}

std::optional<std::chrono::milliseconds> iterator_age_max(AwsClient& client,
                                                          const std::string& function_name,
                                                          const TimeSpan& span,
                                                          std::stop_token stop) {
  const auto time = [](std::chrono::system_clock::time_point point) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(point)));
  };
  const std::string body =
      client.query(Service::cloudwatch,
                   {.operation = "GetMetricStatistics",
                    .version = "2010-08-01",
                    .parameters = {{"Namespace", "AWS/Lambda"},
                                   {"MetricName", "IteratorAge"},
                                   {"Dimensions.member.1.Name", "FunctionName"},
                                   {"Dimensions.member.1.Value", function_name},
                                   {"StartTime", time(span.begin)},
                                   {"EndTime", time(span.end)},
                                   {"Period", std::to_string(kMetricPeriod.count())},
                                   {"Statistics.member.1", "Maximum"}}},
                   std::move(stop));
  std::optional<std::chrono::milliseconds> oldest;
  for (const std::string& text : xml_texts(body, "Maximum")) {
    char* rest = nullptr;
    const double age = std::strtod(text.c_str(), &rest);
    if (rest == text.c_str() || *rest != '\0')
      throw Error{Error::Kind::transient, "GetMetricStatistics answered no number"};
    const auto milliseconds = std::chrono::milliseconds{static_cast<std::int64_t>(age)};
    oldest = std::max(oldest.value_or(milliseconds), milliseconds);
  }
  return oldest;
}

}  // namespace dynamite
