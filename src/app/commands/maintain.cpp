#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <vector>

#include "app/commands/one_shots.hpp"
#include "app/wiring/postgres.hpp"
#include "app/wiring/replicas.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/error.hpp"
#include "core/visible.hpp"
#include "engine/followable.hpp"
#include "engine/stream_watch.hpp"
#include "json/writer.hpp"
#include "lambda/event_source_mapping.hpp"
#include "lambda/metrics.hpp"
#include "replica/change/promotion.hpp"
#include "replica/state/follower.hpp"
#include "replica/state/gaps.hpp"
#include "replica/state/pass.hpp"
#include "replica/state/status.hpp"

namespace dynamite {
namespace {

constexpr auto kPromotionsMax = std::chrono::seconds{20};  // of an invocation's minute

/// What was found of one replica.
struct Findings {
  std::string table;
  std::uint64_t tombstones_expired = 0;
  std::uint64_t history_expired = 0;  ///< rows of histories
  std::vector<std::string> columns_added;
  std::vector<std::string> gaps;      ///< the reasons of those that were recorded
  std::vector<std::string> problems;  ///< what a person has to mend
};

/// One round over one replica.
class Maintenance {
 public:
  /// `promotions_end`: what is left of promotions then is left to the next round.
  Maintenance(const Context& context, AwsClients& aws, pg::Connection& connection,
              const Replica& replica, std::chrono::steady_clock::time_point promotions_end)
      : context_{context},
        aws_{aws},
        connection_{connection},
        replica_{replica},
        promotions_end_{promotions_end} {
    findings_.table = replica.name();
  }

  Findings run() {
    findings_.tombstones_expired = expire_tombstones(connection_, replica_);
    findings_.history_expired = expire_histories(connection_, replica_);
    // A daemon looks after its tables by itself.
    if (followed_by_lambda(connection_, replica_)) {
      collect_problems([&] { check_stream(); });
      collect_problems([&] {
        findings_.columns_added = promote(connection_, replica_, promotions_end_, context_.stop);
      });
      note_problems();
    }
    return std::move(findings_);
  }

 private:
  /// An error is this table's: the others are looked at all the same.
  template <class Work>
  void collect_problems(const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      findings_.problems.emplace_back(error.what());
    }
  }

  void check_stream() {
    const TableDescription table = aws_.dynamodb().describe_table(findings_.table, context_.stop);
    require_same_table(table, *replica_.source);
    for (const Gap& gap : look_at_stream(connection_, replica_, table)) add_gap(gap);
    if (!table.stream_enabled) return;
    if (const auto function = context_.environment("AWS_LAMBDA_FUNCTION_NAME"))
      check_mappings(*function, table.latest_stream_arn);
  }

  // Lambda tells the function nothing of what it discards.
  void check_mappings(const std::string& function, const std::string& stream_arn) {
    const auto mappings = event_source_mappings(aws_.client(), stream_arn, function, context_.stop);
    if (mappings.empty())
      findings_.problems.push_back(
          fmt::format("no event source mapping gives the stream to the function {}", function));
    Delivery delivery;
    delivery.stream_arn = stream_arn;
    for (const EventSourceMapping& mapping : mappings) {
      check_mapping(mapping);
      delivery.record_age_max = std::min(delivery.record_age_max,
                                         mapping.record_age_max.value_or(delivery.record_age_max));
    }
    delivery.healthy = findings_.problems.empty();
    delivery.oldest_within = [&](std::chrono::seconds within) {
      return oldest_record(function, within);
    };
    if (const auto gap = look_at_delivery(connection_, replica_, delivery)) add_gap(*gap);
  }

  void add_gap(const Gap& gap) {
    spdlog::error("gap table={} reason={}", findings_.table, in_quotes(gap.reason));
    findings_.gaps.push_back(gap.reason);
  }

  std::optional<std::chrono::seconds> oldest_record(const std::string& function,
                                                    std::chrono::seconds within) {
    const auto now = std::chrono::system_clock::now();
    const auto age = iterator_age_max(aws_.client(), function, {now - within, now}, context_.stop);
    if (!age) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(*age);
  }

  void check_mapping(const EventSourceMapping& mapping) {
    const auto problem = [&](std::string_view what) {
      findings_.problems.push_back(
          fmt::format("the event source mapping {} {}", mapping.uuid, what));
    };
    if (mapping.state.starts_with("Disabl") || mapping.state == "Deleting")
      problem(fmt::format("is {}: its records are lost after a day", mapping.state));
    if (mapping.last_result.starts_with("PROBLEM"))
      problem(fmt::format("says \"{}\"", mapping.last_result));
    if (context_.config.report_batch_item_failures && !mapping.reports_batch_item_failures)
      problem(
          "lacks ReportBatchItemFailures, but report_batch_item_failures is true: a record "
          "that cannot be applied is taken for done");
  }

  void note_problems() {
    for (const std::string& problem : findings_.problems)
      spdlog::error("problem table={} reason={}", findings_.table, in_quotes(problem));
    const bool none = findings_.problems.empty();
    note_problem(connection_, replica_, std::nullopt,
                 none ? std::nullopt : std::optional{findings_.problems.front()});
  }

  const Context& context_;
  AwsClients& aws_;
  pg::Connection& connection_;
  const Replica& replica_;
  const std::chrono::steady_clock::time_point promotions_end_;
  Findings findings_;
};

std::string list_of(const std::vector<std::string>& texts) {
  JsonArray list;
  for (const std::string& text : texts) list.text(text);
  return list.finish();
}

std::string to_json(const Findings& findings) {
  return JsonObject{}
      .text("table", findings.table)
      .number("tombstones_expired", findings.tombstones_expired)
      .number("history_expired", findings.history_expired)
      .json("columns_added", list_of(findings.columns_added))
      .json("gaps", list_of(findings.gaps))
      .json("problems", list_of(findings.problems))
      .finish();
}

void print_metrics(const Context& context, pg::Connection& connection) {
  const auto function = context.environment("AWS_LAMBDA_FUNCTION_NAME");
  if (!function) return;
  const OpenProblems open = count_open_problems(connection, context.config.state_schema);
  const auto now = std::chrono::system_clock::now();
  fmt::print("{}\n", embedded_metrics(
                         *function,
                         {{"OpenGaps", "Count", static_cast<double>(open.gaps)},
                          {"OpenDeadLetters", "Count", static_cast<double>(open.dead_letters)}},
                         {}, now));
  std::fflush(stdout);
}

}  // namespace

std::string maintain_answer(const Context& context) {
  pg::Connection connection =
      pg::Connection::open(connect_options(context, "maintain"), context.stop);
  Catalogue catalogue{connection, context.config.state_schema};
  catalogue.require_usable();
  AwsClients aws{context, kRequestAttempts};
  const auto promotions_end = std::chrono::steady_clock::now() + kPromotionsMax;
  JsonArray list;
  for (const Replica& replica : configured_replicas(context.config, catalogue.load())) {
    const Findings findings = Maintenance{context, aws, connection, replica, promotions_end}.run();
    list.json(to_json(findings));
  }
  print_metrics(context, connection);
  return JsonObject{}.json("tables", list.finish()).finish();
}

}  // namespace dynamite
