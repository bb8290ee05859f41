#include "apply_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <utility>

#include "core/key.hpp"
#include "ingest/batch_applier.hpp"
#include "pg/identifier.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/plan.hpp"

namespace dynamite::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

}  // namespace

Replica make_bench_replica(const std::string& url, const std::string& name, Mapping mapping) {
  pg::Connection connection = pg::Connection::open({.conninfo = url, .application_name = "bench"});
  const std::string state_schema = name + "_state";
  connection.run("SET client_min_messages = warning");
  connection.run("DROP SCHEMA IF EXISTS " + quote_identifier(state_schema) + " CASCADE");
  connection.run("DROP TABLE IF EXISTS public." + quote_identifier(name));
  const SourceTable source{
      .arn = "arn:aws:dynamodb:us-east-1:000000000000:table/" + name,
      .key_schema = {.partition = {.name = "pk", .type = KeyType::S}, .sort = std::nullopt}};
  Planner planner{connection, state_schema};
  planner.execute(planner.plan_state());
  const Replica wanted{
      .id = 0,
      .source = std::make_shared<const SourceTable>(source),
      .state_schema = state_schema,
      .targets = {new_target(state_schema, "public", name, source.key_schema, std::move(mapping))}};
  planner.execute(planner.plan_replica(wanted).sql);
  return Catalogue{connection, state_schema}.find(source.arn).value();
}

std::vector<double> apply_until(const ApplyLoad& load, const std::stop_token& ended) {
  BatchApplier applier{{.connect = {.conninfo = load.url, .application_name = "bench"},
                        .state_schema = load.state_schema,
                        .apply = {},
                        .host = Host::process}};
  applier.prepare({});
  std::vector<double> times;
  std::mt19937_64 random{1};
  std::uint64_t version = 1;
  do {
    std::vector<std::string> keys(kApplyLoadBatch), images(kApplyLoadBatch);
    Batch batch;
    batch.table = load.source;
    for (std::size_t i = 0; i < kApplyLoadBatch; ++i) {
      const std::string key = fmt::format("{:012}", 1 + random() % load.rows);
      append_key_part(keys[i], key);
      images[i] = fmt::format(R"({{"pk":{{"S":"{}"}},{}}})", key, load.attributes);
      batch.changes.push_back({.key = keys[i],
                               .image = images[i],
                               .record = images[i],
                               .version = Version{1, std::to_string(version++)}});
    }
    const auto begin = steady_clock::now();
    IngestCall call{.deadline = std::chrono::system_clock::now() + 10min, .stop = {}};
    applier.apply(batch, call);
    times.push_back(Milliseconds{steady_clock::now() - begin}.count());
  } while (!ended.stop_requested());
  std::ranges::sort(times);
  return times;
}

std::string in_columns(const std::vector<double>& times) {
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  return fmt::format("{:8} {:7.1f} ms {:7.1f} ms {:7.1f} ms", times.size(), at(0.5), at(0.99),
                     times.back());
}

std::string column_titles() {
  return fmt::format("{:>8} {:>10} {:>10} {:>10}", "applies", "median", "99 %", "longest");
}

}  // namespace dynamite::bench
