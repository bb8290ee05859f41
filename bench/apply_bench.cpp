// Decode and apply, beside a bare libpq program that sends the same rows, ready made, in statements
// of the same shape but without locks, epochs, tombstones and fences. Both in turn, in one run.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/coalesce.hpp"
#include "decode/decode.hpp"
#include "events.hpp"
#include "lambda/handler.hpp"
#include "replica/catalogue.hpp"
#include "replica/row_set.hpp"

namespace dynamite::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t kRecordsARound = 20'000;
constexpr unsigned kRemovesPercent = 10;
constexpr std::string_view kStateSchema = "bench_state";

constexpr const char* kBareTable = R"(
SET client_min_messages = warning;
DROP TABLE IF EXISTS bench_bare;
CREATE TABLE bench_bare (k1 text COLLATE "C", k2 text COLLATE "C", item jsonb NOT NULL,
  mod_time timestamptz NOT NULL, create_time timestamptz NOT NULL, _types jsonb,
  _version numeric NOT NULL, PRIMARY KEY (k1, k2)))";

constexpr const char* kBarePut = R"(
INSERT INTO bench_bare AS t (k1, k2, item, _types, mod_time, create_time, _version)
SELECT u.k1, u.k2, u.item::jsonb, u.types::jsonb,
  'epoch'::timestamptz + u.micros::bigint * interval '1 microsecond',
  'epoch'::timestamptz + u.micros::bigint * interval '1 microsecond', u.version::numeric
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  AS u(k1, k2, item, types, micros, version)
ON CONFLICT (k1, k2) DO UPDATE SET item = excluded.item, _types = excluded._types,
  mod_time = excluded.mod_time, _version = excluded._version
WHERE t._version < excluded._version)";

constexpr const char* kBareRemove = R"(
DELETE FROM bench_bare t USING unnest($1::text[], $2::text[], $3::text[]) AS u(k1, k2, version)
WHERE t.k1 = u.k1 AND t.k2 = u.k2 AND t._version < u.version::numeric)";

struct Round {
  std::vector<std::string> events;
};

/// Rounds of the same keys with ever newer versions, in batches of `batch` records.
Round make_round(std::uint64_t number, std::uint64_t batch) {
  Round round;
  for (std::uint64_t first = 0; first < kRecordsARound; first += batch)
    round.events.push_back(
        lambda_event({.records = batch,
                      .first_key = first,
                      .first_sequence_number = number * kRecordsARound + first + 1,
                      .removes_percent = kRemovesPercent,
                      .seed = number + 1}));
  return round;
}

/// The bare program: one connection, one pipeline a batch.
class BareProgram {
 public:
  explicit BareProgram(const std::string& url) : connection_{PQconnectdb(url.c_str())} {
    check(PQstatus(connection_) == CONNECTION_OK);
    PQclear(PQexec(connection_, kBareTable));
    check(PQenterPipelineMode(connection_) == 1);
  }
  BareProgram(const BareProgram&) = delete;
  BareProgram& operator=(const BareProgram&) = delete;
  ~BareProgram() { PQfinish(connection_); }

  void apply(const RowSet& rows) {
    send("BEGIN", {});
    for (const RowArrays& r : rows.puts)
      send(kBarePut, {&r.k1, &r.k2, &r.item, &r.types, &r.micros, &r.version});
    for (const RowArrays& r : rows.removes) send(kBareRemove, {&r.k1, &r.k2, &r.version});
    send("COMMIT", {});
    check(PQpipelineSync(connection_) == 1);
    for (bool synced = false; !synced;) {
      PGresult* result = PQgetResult(connection_);
      if (result == nullptr) continue;
      const ExecStatusType status = PQresultStatus(result);
      synced = status == PGRES_PIPELINE_SYNC;
      check(synced || status == PGRES_COMMAND_OK);
      PQclear(result);
    }
  }

 private:
  void send(const char* sql, const std::vector<const pg::TextArray*>& arrays) {
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const pg::TextArray* array : arrays) {
      values.push_back(array->wire().data());
      lengths.push_back(static_cast<int>(array->wire().size()));
    }
    const std::vector<Oid> types(arrays.size(), 1009);  // text[]
    const std::vector<int> formats(arrays.size(), 1);
    check(PQsendQueryParams(connection_, sql, static_cast<int>(arrays.size()), types.data(),
                            values.data(), lengths.data(), formats.data(), 0) == 1);
  }
  void check(bool ok) const {
    if (!ok) throw std::runtime_error{PQerrorMessage(connection_)};
  }

  PGconn* connection_;
};

/// What the bare program is given: rows made beforehand, outside the measurement.
std::vector<RowSet> ready_rows(const Round& round) {
  std::vector<RowSet> rows;
  for (const std::string& event : round.events) {
    const Batch batch = decode_lambda_event(event, [](std::string_view) { return event_table(); });
    rows.push_back(make_row_set(coalesce(batch.changes), event_table()->key_schema));
  }
  return rows;
}

template <class Body>
double seconds(const Body& body) {
  const auto start = steady_clock::now();
  body();
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void make_replica(const std::string& url) {
  pg::Connection connection = pg::Connection::open({.conninfo = url, .application_name = "bench"});
  connection.run("DROP TABLE IF EXISTS public.bench_replica");
  connection.run(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", kStateSchema));
  Catalogue catalogue{connection, std::string{kStateSchema}};
  catalogue.execute(catalogue.plan_state());
  catalogue.execute(catalogue
                        .plan_replica({.source = event_table(),
                                       .schema = "public",
                                       .table = "bench_replica",
                                       .state_schema = std::string{kStateSchema}})
                        .sql);
}

/// A comparison means something only if both did the same.
void require_equal(const std::string& url) {
  pg::Connection connection = pg::Connection::open({.conninfo = url, .application_name = "bench"});
  const pg::Result differences = connection.run(R"(
SELECT count(*) FROM public.bench_replica r FULL JOIN bench_bare b ON r.pk = b.k1 AND r.sk = b.k2
WHERE r.item IS DISTINCT FROM b.item OR r._types IS DISTINCT FROM b._types
   OR r._version IS DISTINCT FROM b._version)");
  if (differences.number(0, 0) > 0)
    throw std::runtime_error{fmt::format("the two differ in {} rows", differences.at(0, 0))};
}

void print_conditions(const std::string& url, std::uint64_t rounds) {
  pg::Connection connection = pg::Connection::open({.conninfo = url, .application_name = "bench"});
  const pg::Result settings = connection.run(
      "SELECT current_setting('server_version'), current_setting('synchronous_commit'), "
      "current_setting('shared_buffers')");
  fmt::print("PostgreSQL {}, synchronous_commit {}, shared_buffers {}; libpq {}; {} cores\n",
             settings.at(0, 0), settings.at(0, 1), settings.at(0, 2), PQlibVersion(),
             std::thread::hardware_concurrency());
  fmt::print(
      "rounds of {} records, each key once a round, seeds 1 and up, {} % removes, items of "
      "1 KB, one connection\nrecords a second, medians of {} rounds taken in turn; ratio: "
      "decode and apply to bare libpq\n",
      kRecordsARound, kRemovesPercent, std::max<std::uint64_t>(rounds, 1));
}

void measure(const std::string& url, std::uint64_t batch, std::uint64_t rounds) {
  Handler handler{{.connect = {.conninfo = url, .application_name = "bench"},
                   .state_schema = std::string{kStateSchema},
                   .apply = {},
                   .create_replica = {},
                   .keeps_session = true}};
  BareProgram bare{url};
  std::vector<double> ours, theirs, decoding, ratios;
  // The first round fills the tables and is not counted; every batch size goes on with newer
  // versions.
  static std::uint64_t number = 0;
  for (std::uint64_t round = 0; round <= rounds; ++round) {
    const Round events = make_round(number++, batch);
    const std::vector<RowSet> rows = ready_rows(events);
    const double decode = seconds([&] {
      for (const std::string& event : events.events)
        decode_lambda_event(event, [](std::string_view) { return event_table(); });
    });
    const double our = seconds([&] {
      for (const std::string& event : events.events)
        handler.handle(event, std::chrono::system_clock::now() + std::chrono::minutes{5});
    });
    const double their = seconds([&] {
      for (const RowSet& set : rows) bare.apply(set);
    });
    if (round == 0 && rounds > 0) continue;
    decoding.push_back(kRecordsARound / decode);
    ours.push_back(kRecordsARound / our);
    theirs.push_back(kRecordsARound / their);
    ratios.push_back(their / our);
  }
  require_equal(url);
  fmt::print("{:>7} {:>14.0f} {:>20.0f} {:>16.0f} {:>7.2f}\n", batch, median(decoding),
             median(ours), median(theirs), median(ratios));
}

int run(bool quick) {
  const char* url = std::getenv("DYNAMITE_TEST_PG_URL");
  if (url == nullptr) {
    fmt::print(stderr, "apply_bench: no PostgreSQL; start it with: make bench\n");
    return 2;
  }
  make_replica(url);
  // Of one round only, which also fills the tables, the numbers mean nothing.
  const std::uint64_t rounds = quick ? 0 : 7;
  print_conditions(url, rounds);
  fmt::print("{:>7} {:>14} {:>20} {:>16} {:>7}\n", "batch", "decode", "decode and apply",
             "bare libpq", "ratio");
  for (const std::uint64_t batch : {100U, 1'000U, 10'000U}) measure(url, batch, rounds);
  return 0;
}

}  // namespace
}  // namespace dynamite::bench

int main(int argc, char** argv) {
  return dynamite::bench::run(argc > 1 && std::string_view{argv[1]} == "--quick");
}
