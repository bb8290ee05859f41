#include "lambda/metrics.hpp"

#include <gmock/gmock.h>
#include <simdjson.h>

namespace dynamite {
namespace {

using namespace std::chrono_literals;

const std::chrono::system_clock::time_point kNow{1'700'000'000'123ms};

TEST(EmbeddedMetricsTest, IsWhatCloudWatchReads) {
  const std::string line = embedded_metrics(
      "copy \"1\"", {{"Records", "Count", 12}, {"LagMilliseconds", "Milliseconds", 1.5}},
      {{"requestId", "r-1"}}, kNow);

  EXPECT_EQ(line,
            R"({"_aws":{"Timestamp":1700000000123,"CloudWatchMetrics":[{"Namespace":"Dynamite",)"
            R"("Dimensions":[["FunctionName"]],"Metrics":[{"Name":"Records","Unit":"Count"},)"
            R"({"Name":"LagMilliseconds","Unit":"Milliseconds"}]}]},"FunctionName":"copy \"1\"",)"
            R"("Records":12,"LagMilliseconds":1.5,"requestId":"r-1"})");
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(line).error(), simdjson::SUCCESS);
}

double value_of(const std::vector<Metric>& metrics, std::string_view name) {
  const auto found = std::ranges::find(metrics, name, &Metric::name);
  return found == metrics.end() ? -1 : found->value;
}

TEST(MetricsOfTest, TellsWhatBecameOfTheRecords) {
  IngestOutcome outcome;
  outcome.records = 10;
  outcome.changes = 8;
  outcome.applied = 5;
  outcome.untaken = 3;
  outcome.dead_letters = 1;
  outcome.connects = 1;
  outcome.in_postgres = 2'500us;
  outcome.newest = std::chrono::time_point_cast<Micros::duration>(kNow - 250ms);

  const auto metrics = metrics_of(outcome, 4ms, kNow);

  EXPECT_EQ(value_of(metrics, "Records"), 10);
  EXPECT_EQ(value_of(metrics, "Applied"), 5);
  EXPECT_EQ(value_of(metrics, "Stale"), 2);
  EXPECT_EQ(value_of(metrics, "Untaken"), 3);
  EXPECT_EQ(value_of(metrics, "DeadLetters"), 1);
  EXPECT_EQ(value_of(metrics, "BatchMilliseconds"), 4);
  EXPECT_EQ(value_of(metrics, "PostgresMilliseconds"), 2.5);
  EXPECT_EQ(value_of(metrics, "Connects"), 1);
  EXPECT_EQ(value_of(metrics, "LagMilliseconds"), 250);
}

TEST(MetricsOfTest, WithoutARecordThereIsNoLag) {
  EXPECT_EQ(value_of(metrics_of({}, 1ms, kNow), "LagMilliseconds"), -1);
}

}  // namespace
}  // namespace dynamite
