#include "app/wiring/source_tables.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

#include "core/error.hpp"
#include "core/visible.hpp"
#include "credentials/credentials.hpp"
#include "engine/followable.hpp"

namespace dynamite {
namespace {

AwsOptions aws_options(const Context& context, int attempts_max) {
  const Config& config = context.config;
  return {.region = config.region,
          .endpoints = config.endpoints,
          .attempts_max = attempts_max,
          .seed = std::random_device{}(),
          .trace_id = [environment = context.environment] {
            return variable(environment, "_X_AMZN_TRACE_ID").value_or("");
          }};
}

bool needs_listing(const Config& config) {
  return config.tables.empty() || std::ranges::any_of(config.tables, &TableRule::is_glob);
}

void require_all_flag(const std::vector<SelectedTable>& tables) {
  std::uint64_t bytes = 0;
  for (const SelectedTable& table : tables) bytes += table.description.size_bytes;
  throw Error{
      Error::Kind::usage,
      fmt::format("no table is named, and reading all {} tables of the region ({:.1f} MB) costs "
                  "money and shares their stream readers",
                  tables.size(), static_cast<double>(bytes) / 1e6),
      "name tables with --table or [[table]], or say --all"};
}

}  // namespace

std::unique_ptr<CredentialsProvider> find_credentials(const Context& context,
                                                      Transport& transport) {
  return make_default_credentials({.environment = context.environment,
                                   .transport = transport,
                                   .region = context.config.region,
                                   .sts_endpoint = context.config.endpoints[Service::sts]});
}

AwsClients::AwsClients(const Context& context, int attempts_max)
    : transport_{make_curl_transport(context.config.ca_bundle)},
      credentials_{find_credentials(context, *transport_)},
      client_{aws_options(context, attempts_max), *transport_, *credentials_},
      dynamodb_{client_} {}

std::vector<SelectedTable> select_tables(const Context& context, DynamoDb& dynamodb) {
  const Config& config = context.config;
  std::vector<std::pair<std::string, bool>> names;
  for (const TableRule& rule : config.tables)
    if (!rule.is_glob()) names.emplace_back(rule.name, true);
  if (needs_listing(config)) {
    for (std::string& name : dynamodb.list_tables(context.stop)) {
      const TableRule* rule = find_rule(config.tables, name);
      if (config.tables.empty() || (rule != nullptr && rule->is_glob()))
        names.emplace_back(std::move(name), false);
    }
  }
  std::vector<SelectedTable> tables;
  for (const auto& [name, by_name] : names)
    tables.push_back({dynamodb.describe_table(name, context.stop), by_name});
  return tables;
}

std::vector<SelectedTable> select_tables_to_read(const Context& context, DynamoDb& dynamodb,
                                                 const ReadSelection& selection) {
  std::vector<SelectedTable> tables = select_tables(context, dynamodb);
  if (context.config.tables.empty() && !selection.all) require_all_flag(tables);
  if (!selection.followable) return tables;
  std::erase_if(tables, [](const SelectedTable& table) {
    if (table.by_name) {
      require_followable(table.description);
      return false;
    }
    const auto why = why_unfollowable(table.description);
    if (why) spdlog::warn("skipped table={} reason={}", table.description.name, in_quotes(*why));
    return why.has_value();
  });
  return tables;
}

}  // namespace dynamite
