// How long an apply takes while the sweep at the end of a pass goes through the same table: alone,
// and beside sweeps that delete nothing, half the rows and all of them.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "apply_load.hpp"
#include "core/sleep.hpp"
#include "replica/state/pass.hpp"

namespace dynamite::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::uint64_t kRows = 1'000'000;
constexpr std::uint64_t kRowsQuick = 10'000;

/// A replica with rows, of which some were met by the pass that ends.
class SweptTable {
 public:
  SweptTable(std::string url, std::uint64_t rows) : url_{std::move(url)}, rows_{rows} {
    replica_ = make_bench_replica(url_, "bench_sweep");
  }

  pg::Connection open() const {
    return pg::Connection::open({.conninfo = url_, .application_name = "bench"});
  }
  const Replica& replica() const { return replica_; }
  std::uint64_t rows() const { return rows_; }
  ApplyLoad load() const {
    return {.url = url_,
            .state_schema = replica_.state_schema,
            .source = replica_.source,
            .rows = rows_,
            .attributes = R"("text":{"S":"new"})"};
  }

  /// Starts a pass that has met `met_percent` of the rows.
  std::int32_t fill(int met_percent) const {
    pg::Connection connection = open();
    const std::int32_t epoch = Passes{connection, replica_}.start({.segments = 1}, {});
    connection.run("TRUNCATE public.bench_sweep, " + replica_.targets.front().tombstones);
    connection.run(fmt::format(
        "INSERT INTO public.bench_sweep SELECT k, jsonb_build_object('pk', k, 'text', "
        "repeat('x', 200)), now(), now(), NULL, 0, CASE WHEN n % 100 < {} THEN {} ELSE 0 END "
        "FROM generate_series(1, {}) n, lpad(n::text, 12, '0') k",
        met_percent, epoch, rows_));
    connection.run("VACUUM ANALYZE public.bench_sweep");
    return epoch;
  }

 private:
  std::string url_;
  std::uint64_t rows_;
  Replica replica_;
};

void print(std::string_view name, const std::vector<double>& times, double seconds,
           std::uint64_t swept) {
  fmt::print("{:24} {:8.1f} s {:9} {}\n", name, seconds, swept, in_columns(times));
}

void measure(const SweptTable& table, std::string_view name, int met_percent) {
  const std::int32_t epoch = table.fill(met_percent);
  std::stop_source ended;
  auto applier =
      std::async(std::launch::async, [&] { return apply_until(table.load(), ended.get_token()); });
  sleep_for(100ms, {});
  const auto begin = steady_clock::now();
  pg::Connection connection = table.open();
  Passes passes{connection, table.replica()};
  passes.begin_sweep(epoch, {});
  const std::uint64_t swept = passes.sweep(epoch, {}, {}).deleted;
  const Milliseconds time = steady_clock::now() - begin;
  ended.request_stop();
  print(name, applier.get(), time.count() / 1'000, swept);
}

int run(bool quick) {
  const char* url = std::getenv("DYNAMITE_TEST_PG_URL");
  if (url == nullptr) {
    fmt::print(stderr, "sweep_bench: no PostgreSQL; start it with: make bench\n");
    return 2;
  }
  const SweptTable table{url, quick ? kRowsQuick : kRows};
  fmt::print("{} rows, batches of {} puts beside the sweep\n", table.rows(), kApplyLoadBatch);
  fmt::print("{:24} {:>10} {:>9} {}\n", "the sweep", "takes", "deletes", column_titles());
  table.fill(100);
  std::stop_source ended;
  auto alone =
      std::async(std::launch::async, [&] { return apply_until(table.load(), ended.get_token()); });
  sleep_for(quick ? 200ms : 5s, {});
  ended.request_stop();
  print("is not there", alone.get(), 0, 0);
  measure(table, "meets all", 100);
  measure(table, "meets half", 50);
  measure(table, "meets nothing", 0);
  return 0;
}

}  // namespace
}  // namespace dynamite::bench

int main(int argc, char** argv) {
  return dynamite::bench::run(argc > 1 && std::string_view{argv[1]} == "--quick");
}
