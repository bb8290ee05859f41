// A pass over an empty replica, from recorded pages of Scan, beside COPY binary of ready rows into
// a table of the same shape: by turns, over as many connections.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/coalesce.hpp"
#include "core/handle.hpp"
#include "decode/scan_page.hpp"
#include "engine/engine.hpp"
#include "events.hpp"
#include "pg/session.hpp"
#include "replica/apply/copied_rows.hpp"
#include "replica/apply/target_sql.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/plan.hpp"

namespace dynamite::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t kPageItems = 1'000;  // of 1 KB: AWS's largest page
constexpr std::string_view kSchema = "bench_snapshot";

/// What is loaded, over how many connections.
struct Load {
  ItemSize size;
  Mapping mapping;
  std::uint64_t items;
  std::uint32_t connections = 1;

  std::uint32_t segments() const { return 2 * connections; }
};

/// Pages by segment, each given once.
using Pages = std::vector<std::deque<std::string>>;

Pages make_pages(const Load& load) {
  const std::uint32_t segments = load.segments();
  Pages pages(segments);
  const std::uint64_t of_segment = load.items / segments;
  for (std::uint32_t segment = 0; segment < segments; ++segment)
    for (std::uint64_t first = 0; first < of_segment; first += kPageItems)
      pages[segment].push_back(scan_page({.size = load.size,
                                          .records = std::min(kPageItems, of_segment - first),
                                          .first = first,
                                          .round_records = of_segment,
                                          .round = segment}));
  return pages;
}

/// DynamoDB as a recording of it.
class RecordedDynamoDb : public Transport {
 public:
  explicit RecordedDynamoDb(Pages pages) : pages_{std::move(pages)} {}

  HttpResponse send(const HttpRequest& request, std::stop_token) override {
    for (const auto& [name, value] : request.headers)
      if (value.ends_with(".Scan")) return {.status = 200, .headers = {}, .body = scan(request)};
    return {.status = 200, .headers = {}, .body = std::string{kTable}};
  }

 private:
  static constexpr std::string_view kTable =
      R"({"Table":{"TableName":"Orders","TableStatus":"ACTIVE",)"
      R"("TableArn":"arn:aws:dynamodb:us-east-1:111122223333:table/Orders",)"
      R"("AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},)"
      R"({"AttributeName":"sk","AttributeType":"S"}],)"
      R"("KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},)"
      R"({"AttributeName":"sk","KeyType":"RANGE"}],"ItemCount":0,"TableSizeBytes":0}})";

  std::string scan(const HttpRequest& request) {
    constexpr std::string_view kSegment = "\"Segment\":";
    const std::size_t at = request.body.find(kSegment);
    const std::size_t segment =
        at == std::string::npos ? 0 : std::stoul(request.body.substr(at + kSegment.size()));
    const std::scoped_lock lock{mutex_};
    std::string page = std::move(pages_.at(segment).front());
    pages_[segment].pop_front();
    return page;
  }

  std::mutex mutex_;
  Pages pages_;
};

class NoCredentials : public CredentialsProvider {
 public:
  Credentials get() override { return {"bench", "bench", ""}; }
};

pg::Connection connect(const std::string& url) {
  return pg::Connection::open({.conninfo = url, .application_name = "bench"});
}

Replica make_replica(const std::string& url, const Mapping& mapping) {
  pg::Connection connection = connect(url);
  connection.run("SET client_min_messages = warning");
  connection.run(fmt::format("DROP SCHEMA IF EXISTS {0}, {0}_state CASCADE", kSchema));
  const std::string state = fmt::format("{}_state", kSchema);
  Planner planner{connection, state};
  planner.execute(planner.plan_state());
  const Replica replica{.source = event_table(),
                        .state_schema = state,
                        .targets = {new_target(state, std::string{kSchema}, "Orders",
                                               event_table()->key_schema, mapping)}};
  planner.execute(planner.plan_schemas(replica.targets));
  planner.execute(planner.plan_replica(replica).sql);
  connection.run("CHECKPOINT");
  return Catalogue{connection, state}.find(event_table()->arn).value();
}

template <class Body>
double seconds(const Body& body) {
  const auto start = steady_clock::now();
  body();
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

/// Until all pages are committed. The sweep, which then looks for what the pass did not meet, is
/// not counted: COPY has none.
double load_by_engine(const std::string& url, const Load& load) {
  const Replica replica = make_replica(url, load.mapping);
  RecordedDynamoDb transport{make_pages(load)};
  NoCredentials credentials;
  AwsClient client{{.region = "us-east-1"}, transport, credentials};
  DynamoDb dynamodb{client};
  EngineOptions options;
  options.connect = {.conninfo = url, .application_name = "bench"};
  options.connections = load.connections;
  options.segments = load.segments();
  options.run = Run::snapshot;
  Engine engine{options, dynamodb};
  TableDescription description;
  description.name = "Orders";
  description.arn = event_table()->arn;
  description.key_schema = event_table()->key_schema;
  engine.add(replica, description);
  std::jthread run{[&](const std::stop_token& stop) { engine.run(stop, [] {}); }};
  const auto& table = *engine.tables().front();
  while (table.pass.items_scanned == 0 && !table.failure()) std::this_thread::yield();
  const std::uint64_t before = table.pass.items_scanned;
  const double took = seconds([&] {
    while (table.pass.items_scanned < load.items && !table.failure())
      std::this_thread::sleep_for(std::chrono::microseconds{200});
  });
  if (table.failure()) throw std::runtime_error{table.failure()->what()};
  return static_cast<double>(load.items - before) / took;
}

/// Ready rows for one connection, in pieces.
using Copies = std::vector<CopiedRows>;

std::vector<Copies> make_copies(const Load& load, const Target& target) {
  std::vector<Copies> copies(load.connections);
  std::size_t next = 0;
  for (auto& segment : make_pages(load))
    for (std::string& text : segment) {
      const ScanPage page = decode_scan_page(std::move(text), event_table(), Micros{});
      copies[next++ % load.connections].push_back(
          make_copied_rows(coalesce(page.batch.changes), target, 1));
    }
  return copies;
}

/// One transaction, as somebody loads a table by hand.
void copy_all(PGconn* connection, const std::string& sql, const Copies& copies) {
  const auto check = [&](bool ok) {
    if (!ok) throw std::runtime_error{PQerrorMessage(connection)};
  };
  const auto run = [&](const std::string& text, ExecStatusType wanted) {
    PGresult* result = PQexec(connection, text.c_str());
    check(PQresultStatus(result) == wanted);
    PQclear(result);
  };
  run("BEGIN", PGRES_COMMAND_OK);
  for (const CopiedRows& rows : copies) {
    run(sql, PGRES_COPY_IN);
    const std::string_view data = rows.data.data();
    check(PQputCopyData(connection, data.data(), static_cast<int>(data.size())) == 1);
    check(PQputCopyEnd(connection, nullptr) == 1);
    PGresult* result = PQgetResult(connection);
    check(PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
    check(PQgetResult(connection) == nullptr);
  }
  run("COMMIT", PGRES_COMMAND_OK);
}

double load_by_copy(const std::string& url, const Load& load) {
  const Replica replica = make_replica(url, load.mapping);
  const std::string sql = target_sql(replica, replica.targets.front()).copy;
  const std::vector<Copies> copies = make_copies(load, replica.targets.front());
  std::vector<std::unique_ptr<PGconn, Closer<PQfinish>>> opened;
  for (std::uint32_t i = 0; i < load.connections; ++i) {
    opened.emplace_back(PQconnectdb(url.c_str()));
    PQclear(PQexec(opened.back().get(), "SET default_toast_compression = lz4"));
  }
  const double took = seconds([&] {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < load.connections; ++i)
      threads.emplace_back([&, i] { copy_all(opened[i].get(), sql, copies[i]); });
  });
  return static_cast<double>(load.items) / took;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

int run(bool quick) {
  const char* url = std::getenv("DYNAMITE_TEST_PG_URL");
  if (url == nullptr) {
    fmt::print(stderr, "snapshot_bench: no PostgreSQL; start it with: make bench\n");
    return 2;
  }
  const std::uint64_t items = quick ? 8'000 : 120'000;
  const int runs = quick ? 1 : 5;
  fmt::print("{} items of 1 KB from recorded pages of {}, medians of {} runs by turns, rows/s\n",
             items, kPageItems, runs);
  fmt::print("{:>9} {:>11} {:>10} {:>12} {:>7}\n", "layout", "connections", "snapshot",
             "COPY binary", "ratio");
  for (const bool columns : {false, true})
    for (const std::uint32_t connections : {1U, 2U}) {
      const ItemSize size = columns ? ItemSize::typed : ItemSize::bytes_1k;
      const Load load{.size = size,
                      .mapping = columns ? columns_of(size) : Mapping{},
                      .items = items,
                      .connections = connections};
      std::vector<double> ours, theirs, ratios;
      for (int i = 0; i < runs; ++i) {
        ours.push_back(load_by_engine(url, load));
        theirs.push_back(load_by_copy(url, load));
        ratios.push_back(ours.back() / theirs.back());
      }
      fmt::print("{:>9} {:>11} {:>10.0f} {:>12.0f} {:>7.2f}\n", columns ? "columns" : "document",
                 connections, median(ours), median(theirs), median(ratios));
    }
  return 0;
}

}  // namespace
}  // namespace dynamite::bench

int main(int argc, char** argv) {
  return dynamite::bench::run(argc > 1 && std::string_view{argv[1]} == "--quick");
}
