// Writes a round of records as JSON lines, each a Lambda event.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "events.hpp"

using dynamite::bench::EventShape;
using dynamite::bench::Writes;

int main(int argc, char** argv) {
  const std::map<std::string, Writes> kinds{
      {"ins", Writes::ins}, {"upd", Writes::upd}, {"del", Writes::del}, {"mix", Writes::mix}};
  EventShape shape{.round_records = 20'000};
  std::uint64_t event_records = 1'000;
  CLI::App app{"Writes a round of stream records to standard output."};
  app.add_option("--size", shape.size, "200B, 1KB, 4KB, typed, wide, entities or scattered")
      ->transform(CLI::CheckedTransformer(dynamite::bench::item_sizes()));
  app.add_option("--writes", shape.writes, "ins, upd, del or mix")
      ->transform(CLI::CheckedTransformer(kinds));
  app.add_option("--records", shape.round_records, "of the round");
  app.add_option("--event", event_records, "records of an event");
  app.add_option("--round", shape.round, "0 must be ins");
  CLI11_PARSE(app, argc, argv);
  for (; shape.first < shape.round_records; shape.first += event_records) {
    shape.records = std::min(event_records, shape.round_records - shape.first);
    fmt::print("{}\n", lambda_event(shape));
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
