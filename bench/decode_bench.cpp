#include <benchmark/benchmark.h>

#include "decode/lambda_event.hpp"
#include "events.hpp"
#include "layout/natural_json.hpp"
#include "mapping/writer.hpp"
#include "pg/array_rows.hpp"

namespace dynamite::bench {
namespace {

KnownTables known_tables() {
  const auto table = event_table();
  return {{table->arn, table}};
}

std::string event_of(const benchmark::State& state, ItemSize size = ItemSize::bytes_1k) {
  return lambda_event({.size = size, .records = static_cast<std::uint64_t>(state.range(0))});
}

void report(benchmark::State& state, std::size_t event_bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(event_bytes) * state.iterations());
  state.SetItemsProcessed(state.range(0) * state.iterations());
}

/// A copy of the event, as the network would have given it: not counted.
std::shared_ptr<const std::string> copy_untimed(benchmark::State& state, const std::string& event) {
  state.PauseTiming();
  auto copy = std::make_shared<const std::string>(event);
  state.ResumeTiming();
  return copy;
}

/// Lambda event to changes.
void decode(benchmark::State& state) {
  const std::string event = event_of(state);
  const KnownTables tables = known_tables();
  for ([[maybe_unused]] auto _ : state) {
    LambdaEvent decoded = decode_lambda_event(copy_untimed(state, event), tables);
    benchmark::DoNotOptimize(decoded);
  }
  report(state, event.size());
}
BENCHMARK(decode)->Name("decode/items_of_1_KB")->Arg(100)->Arg(1'000)->Arg(10'000);

/// Lambda event to changes, and each new image to natural JSON.
void decode_and_transcode(benchmark::State& state) {
  const std::string event = event_of(state);
  const KnownTables tables = known_tables();
  std::string items, types;
  for ([[maybe_unused]] auto _ : state) {
    items.clear();
    types.clear();
    const LambdaEvent decoded = decode_lambda_event(copy_untimed(state, event), tables);
    for (const Change& change : decoded.batches.at(0).changes)
      append_natural_json(items, types, change.image);
    benchmark::DoNotOptimize(items);
  }
  report(state, event.size());
  state.counters["natural_bytes_per_item"] =
      benchmark::Counter(static_cast<double>(items.size()) / static_cast<double>(state.range(0)));
}
BENCHMARK(decode_and_transcode)
    ->Name("decode_and_transcode/items_of_1_KB")
    ->Arg(100)
    ->Arg(1'000)
    ->Arg(10'000);

/// Lambda event to changes, and each new image to the parameters of a put in this layout.
void decode_and_make_rows(benchmark::State& state, ItemSize size, const Mapping& mapping) {
  const std::string event = event_of(state, size);
  const KnownTables tables = known_tables();
  const Layout layout = mapping.layout(event_table()->key_schema);
  const auto writer = writer_of(mapping.rules, layout);
  pg::ArrayRows rows{layout.value_elements()};
  for ([[maybe_unused]] auto _ : state) {
    rows.clear();
    const LambdaEvent decoded = decode_lambda_event(copy_untimed(state, event), tables);
    for (const Change& change : decoded.batches.at(0).changes) {
      rows.begin_row();
      writer->read(change.image, nullptr);
      for (std::size_t i = 0; i < layout.values().size(); ++i) writer->write_next(rows);
    }
    benchmark::DoNotOptimize(rows.bytes());
  }
  report(state, event.size());
}
BENCHMARK_CAPTURE(decode_and_make_rows, typed_items_as_document, ItemSize::typed, Mapping{})
    ->Arg(1'000);
BENCHMARK_CAPTURE(decode_and_make_rows, typed_items_as_columns, ItemSize::typed,
                  columns_of(ItemSize::typed))
    ->Arg(1'000);
BENCHMARK_CAPTURE(decode_and_make_rows, wide_items_as_document, ItemSize::wide, Mapping{})
    ->Arg(1'000);
BENCHMARK_CAPTURE(decode_and_make_rows, wide_items_as_columns, ItemSize::wide,
                  columns_of(ItemSize::wide))
    ->Arg(1'000);

}  // namespace
}  // namespace dynamite::bench

BENCHMARK_MAIN();
