#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/progress.hpp"
#include "app/commands/commands.hpp"
#include "app/wiring/source_tables.hpp"
#include "core/batch.hpp"
#include "core/error.hpp"
#include "core/sleep.hpp"
#include "core/visible.hpp"
#include "decode/scan_page.hpp"
#include "engine/engine.hpp"
#include "source/read_rate.hpp"
#include "suggest/suggestion_text.hpp"

namespace dynamite {
namespace {

using std::chrono::steady_clock;

// A sample reads so many items at each of its places. Places are far apart, so that a partition
// with very many items is not the whole sample.
constexpr std::uint64_t kItemsAtAPlace = 100;
constexpr std::uint64_t kPlacesMax = 1'000;
// All of them are in memory at once, and an item may have 400 KB.
constexpr std::size_t kSampleBytesMax = 256U << 20U;

/// Items of a table, read by Scan.
class TableSample {
 public:
  TableSample(const Context& context, DynamoDb& dynamodb, const TableDescription& table)
      : stop_{context.stop},
        dynamodb_{dynamodb},
        table_{table},
        source_{std::make_shared<const SourceTable>(SourceTable{table.arn, table.key_schema})},
        items_max_{context.line.suggest.sample},
        rate_{read_units_of(context.config.replication.read_units, table)} {}

  /// Reads some items at each place, and more until there are as many as wanted, or all.
  void read() {
    Progress progress{"sample of " + table_.name};
    const auto count = static_cast<std::int32_t>(std::clamp<std::uint64_t>(
        std::min(items_max_, table_.item_count) / kItemsAtAPlace, 1, kPlacesMax));
    std::vector<Place> places;
    for (std::int32_t segment = 0; segment < count; ++segment) places.push_back({segment, {}});
    while (!places.empty() && !is_full()) {
      std::vector<Place> unfinished;
      for (Place& place : places) {
        if (is_full()) break;
        if (read_page(place, count)) unfinished.push_back(std::move(place));
        progress.update(items());
      }
      places = std::move(unfinished);
    }
    progress.finish(items());
  }

  /// The sample's, which they do not outlive.
  std::vector<std::string_view> images() const {
    std::vector<std::string_view> images;
    for (const Batch& page : pages_)
      for (const Change& item : page.changes) images.push_back(item.image);
    if (images.size() > items_max_) images.resize(items_max_);
    return images;
  }

  double read_units() const noexcept { return read_units_; }
  bool is_cut() const noexcept { return bytes_ >= kSampleBytesMax; }

 private:
  /// A segment, and how far it is read.
  struct Place {
    std::int32_t segment = 0;
    std::string last_evaluated_key;
  };

  std::uint64_t items() const noexcept { return std::min<std::uint64_t>(items_, items_max_); }
  bool is_full() const noexcept { return items_ >= items_max_ || is_cut(); }

  /// False: the place has no more.
  bool read_page(Place& place, std::int32_t places) {
    const auto wait = rate_.next() - steady_clock::now();
    if (wait > steady_clock::duration::zero())
      sleep_for(std::chrono::ceil<std::chrono::milliseconds>(wait), stop_);
    if (stop_.stop_requested())
      throw Error{Error::Kind::transient,
                  fmt::format("stopped after {} items of \"{}\"", items_, table_.name)};
    std::string text =
        dynamodb_.scan({.table = table_.name,
                        .segment = place.segment,
                        .total_segments = places,
                        .exclusive_start_key = place.last_evaluated_key,
                        .limit = static_cast<int>(std::min(items_max_, kItemsAtAPlace))},
                       stop_);
    bytes_ += text.size();
    ScanPage page = decode_scan_page(std::move(text), source_, Micros{});
    rate_.spend(page.capacity_units, steady_clock::now());
    read_units_ += page.capacity_units;
    items_ += page.batch.changes.size();
    pages_.push_back(std::move(page.batch));
    place.last_evaluated_key = page.last_evaluated_key.value_or("");
    return page.last_evaluated_key.has_value();
  }

  const std::stop_token stop_;
  DynamoDb& dynamodb_;
  const TableDescription& table_;
  const std::shared_ptr<const SourceTable> source_;
  const std::uint64_t items_max_;
  ReadRate rate_;
  std::vector<Batch> pages_;
  std::size_t items_ = 0, bytes_ = 0;
  double read_units_ = 0;
};

void say(const TableDescription& table, const TableSample& sample, const Suggestion& suggestion) {
  const std::string name = log_value(table.name);
  spdlog::info("sampled table={} items={} read_units={:.1f} targets={}", name, suggestion.items,
               sample.read_units(), suggestion.targets.size());
  if (suggestion.items == 0)
    spdlog::warn("no item was found, which suggests nothing table={}", name);
  if (sample.is_cut())
    spdlog::warn("the sample ends at {} MB table={} hint=\"a smaller --sample has other items\"",
                 kSampleBytesMax >> 20U, name);
}

}  // namespace

int run_suggest(const Context& context) {
  AwsClients aws{context, kRequestAttempts};
  const TableDescription table =
      aws.dynamodb().describe_table(context.line.tables.front(), context.stop);
  TableSample sample{context, aws.dynamodb(), table};
  sample.read();
  const Suggestion suggestion = suggest(table.name, sample.images(), table.key_schema);
  fmt::print("{}", to_toml(suggestion));
  say(table, sample, suggestion);
  return kExitDone;
}

}  // namespace dynamite
