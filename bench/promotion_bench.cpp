// A table gets a new attribute while it is written to: how long from the first sight to its column,
// and until the values that are there are in it; and how long an apply waits meanwhile.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "apply_load.hpp"
#include "core/sleep.hpp"
#include "replica/change/promotion.hpp"

namespace dynamite::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::uint64_t kRows = 1'000'000;
constexpr std::uint64_t kRowsQuick = 10'000;

/// Layout `columns` with one column. A tenth of the rows have another attribute, in _rest.
class Table {
 public:
  Table(std::string url, std::uint64_t rows) : url_{std::move(url)}, rows_{rows} {
    const Mapping mapping{.rules = {.layout = LayoutKind::columns},
                          .columns = {{.name = "text", .from = AttributePath::of("text")}}};
    replica_ = make_bench_replica(url_, "bench_promotion", mapping);
    pg::Connection connection = open();
    connection.run(fmt::format(
        "INSERT INTO public.bench_promotion (pk, text, _rest, mod_time, create_time, _version, "
        "_epoch) SELECT lpad(n::text, 12, '0'), repeat('x', 200), CASE WHEN n % 10 = 0 THEN "
        "jsonb_build_object('added', n) END, now(), now(), 0, 0 FROM generate_series(1, {}) n",
        rows_));
    connection.run("VACUUM ANALYZE public.bench_promotion");
  }

  pg::Connection open() const {
    return pg::Connection::open({.conninfo = url_, .application_name = "bench"});
  }
  const Replica& replica() const { return replica_; }
  /// The items have the attribute, so that appliers note it.
  ApplyLoad load() const {
    return {.url = url_,
            .state_schema = replica_.state_schema,
            .source = replica_.source,
            .rows = rows_,
            .attributes = R"("text":{"S":"new"},"added":{"N":"1"})"};
  }

 private:
  std::string url_;
  std::uint64_t rows_;
  Replica replica_;
};

struct Times {
  double column = 0, filled = 0;  // seconds from the beginning on
};

/// As a daemon does it, but without the minute between two looks.
Times promote_all(const Table& table) {
  pg::Connection connection = table.open();
  Promotion promotion{table.replica()};
  const auto begin = steady_clock::now();
  const auto seconds = [&] { return Seconds{steady_clock::now() - begin}.count(); };
  Times times;
  while (times.column == 0 || promotion.is_filling()) {
    const PromotionStep done = promotion.step(connection);
    if (done == PromotionStep::idle) sleep_for(100ms, {});
    if (done == PromotionStep::busy) sleep_for(1s, {});
    if (times.column == 0 && !promotion.added().empty()) times.column = seconds();
  }
  times.filled = seconds();
  return times;
}

int run(bool quick) {
  const char* url = std::getenv("DYNAMITE_TEST_PG_URL");
  if (url == nullptr) {
    fmt::print(stderr, "promotion_bench: no PostgreSQL; start it with: make bench\n");
    return 2;
  }
  const std::uint64_t rows = quick ? kRowsQuick : kRows;
  const Table table{url, rows};
  fmt::print("{} rows, batches of {} puts meanwhile\n", rows, kApplyLoadBatch);
  std::stop_source alone_ended, ended;
  auto alone = std::async(std::launch::async, [&] {
    ApplyLoad load = table.load();
    load.attributes = R"("text":{"S":"new"})";
    return apply_until(load, alone_ended.get_token());
  });
  sleep_for(quick ? 200ms : 5s, {});
  alone_ended.request_stop();
  const std::vector<double> before = alone.get();
  auto applier =
      std::async(std::launch::async, [&] { return apply_until(table.load(), ended.get_token()); });
  const Times times = promote_all(table);
  ended.request_stop();
  fmt::print("{:12} {}\n", "", column_titles());
  fmt::print("{:12} {}\n", "before", in_columns(before));
  fmt::print("{:12} {}\n", "meanwhile", in_columns(applier.get()));
  fmt::print("a column {:.1f} s after the first sight, all values in it after {:.1f} s\n",
             times.column, times.filled);
  return 0;
}

}  // namespace
}  // namespace dynamite::bench

int main(int argc, char** argv) {
  return dynamite::bench::run(argc > 1 && std::string_view{argv[1]} == "--quick");
}
