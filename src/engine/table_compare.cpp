#include "engine/table_compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "core/error.hpp"
#include "core/sleep.hpp"
#include "core/threads.hpp"
#include "engine/engine.hpp"
#include "json/item_key.hpp"
#include "replica/state/follower.hpp"
#include "source/scan_reader.hpp"

namespace dynamite {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t kKeysShown = 10;
constexpr std::size_t kSuspectsMax = 5'000;  // held at a time
constexpr std::size_t kRepairPage = 250;
// So many say that the replica needs a new pass. To count them all would take as long as the pass.
constexpr std::uint64_t kDifferencesMax = 100'000;
// A daemon notes every few seconds how far it is.
constexpr auto kPassedPatience = 2min;
constexpr auto kSettlePause = 300ms;
// A sample reads so many items at each of its random places.
constexpr std::uint64_t kSampleAtAPlace = 10;

}  // namespace

std::uint64_t Differences::total() const {
  return count(Difference::missing) + count(Difference::different) + count(Difference::ghost) +
         count(Difference::unstorable);
}

Differences& Differences::operator+=(const Differences& more) {
  items += more.items;
  known += more.known;
  known_by_hash += more.known_by_hash;
  repaired += more.repaired;
  for (std::size_t i = 0; i < of.size(); ++i) of[i] += more.of[i];
  return *this;
}

TableCompare::TableCompare(pg::Connection& connection, DynamoDb& dynamodb,
                           const TableDescription& description, const Replica& replica,
                           TableCompareOptions options)
    : connection_{connection},
      dynamodb_{dynamodb},
      description_{description},
      replica_{replica},
      options_{std::move(options)},
      comparison_{connection, replica},
      repair_{dynamodb, connection, replica, options_.apply},
      rate_{read_units_of(options_.replication.read_units, description)},
      segments_{segments_of(options_.replication.segments, options_.replication.connections,
                            rate_.units_per_second(), description)} {}

Differences TableCompare::run(std::stop_token stop) {
  stop_ = std::move(stop);
  if (options_.sample) {
    sample();
  } else {
    scan_all();
    find_ghosts();
  }
  settle();
  return found_;
}

void TableCompare::require_not_stopped() const {
  if (stop_.stop_requested()) throw Error{Error::Kind::transient, "the comparison was stopped"};
}

void TableCompare::scan_all() {
  scan([this](const Batch& items) {
    if (found_.stopped_early) return false;
    found_.items += items.changes.size();
    add(comparison_.page(items));
    options_.on_progress(found_.items);
    return true;
  });
}

void TableCompare::scan(const UseItems& use) {
  run_in_threads(segments_, stop_, [&](std::uint32_t segment, const std::stop_token& stop) {
    scan_segment(static_cast<std::int32_t>(segment), use, stop);
  });
  require_not_stopped();
}

void TableCompare::scan_segment(std::int32_t segment, const UseItems& use,
                                const std::stop_token& stop) {
  ScanReader reader{dynamodb_,
                    {.table = replica_.source,
                     .segment = segment,
                     .total_segments = static_cast<std::int32_t>(segments_)},
                    ""};
  for (bool finished = false; !finished && !stop.stop_requested();) {
    const Page page = read_page(reader, stop);
    finished = page.finished;
    const std::scoped_lock lock{mutex_};
    if (!use(*page.batch)) return;
  }
}

Page TableCompare::read_page(ScanReader& reader, const std::stop_token& stop) {
  const auto wait = rate_.next() - steady_clock::now();
  if (wait > 0s) sleep_for(std::chrono::duration_cast<std::chrono::milliseconds>(wait), stop);
  Page page = reader.next(stop);
  rate_.spend(page.capacity_units, steady_clock::now());
  return page;
}

void TableCompare::add(std::vector<Suspect> suspects) {
  std::ranges::move(suspects, std::back_inserter(suspects_));
  if (suspects_.size() >= kSuspectsMax) settle();
}

// With a repair the ghosts of one look are gone before the next. Without it there is one look.
void TableCompare::find_ghosts() {
  if (found_.stopped_early) return;
  if (replica_.hashes_keys()) return find_hashed_ghosts();
  const bool repairs = options_.repair;
  for (;;) {
    std::vector<Suspect> ghosts = comparison_.ghosts(repairs ? kSuspectsMax : kDifferencesMax);
    const bool more = repairs && ghosts.size() == kSuspectsMax;
    add(std::move(ghosts));
    if (!more) return;
    settle();
  }
}

// No item can be read back by the hash of its key. The items are scanned once more: a row without
// an item in either scan is a ghost, unless it goes while the suspects are settled.
void TableCompare::find_hashed_ghosts() {
  std::vector<Suspect> ghosts = comparison_.ghosts(kDifferencesMax);
  if (!ghosts.empty())
    scan([&](const Batch& items) {
      comparison_.find_source_keys(ghosts, items);
      return true;
    });
  add(std::move(ghosts));
}

void TableCompare::sample() {
  if (!replica_.hashes_keys()) sample_rows();  // no item can be read back by the hash of its key
  sample_items();
}

void TableCompare::sample_rows() {
  const std::uint64_t size = *options_.sample;
  for (std::uint64_t left = size; left > 0;) {
    std::vector<Suspect> rows =
        comparison_.sample(static_cast<std::size_t>(std::min<std::uint64_t>(left, kSuspectsMax)));
    found_.items += rows.size();
    left -= std::min<std::uint64_t>(left, kSuspectsMax);
    std::ranges::move(rows, std::back_inserter(suspects_));
    settle();
  }
}

// The table is cut into so many segments that each holds a few items. Some segments are read.
void TableCompare::sample_items() {
  const std::uint64_t size = *options_.sample;
  const auto segments = static_cast<std::int32_t>(
      std::clamp<std::uint64_t>(description_.item_count / kSampleAtAPlace, 1, 1'000'000));
  std::mt19937_64 random{std::random_device{}()};
  std::uint64_t seen = 0;
  std::set<std::int32_t> read;  // each once: no key may be a suspect twice
  for (std::uint64_t tries = 0; seen < size && tries < size; ++tries) {
    require_not_stopped();
    const auto segment = static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(segments));
    if (!read.insert(segment).second) continue;
    ScanReader reader{
        dynamodb_, {.table = replica_.source, .segment = segment, .total_segments = segments}, ""};
    const Page page = read_page(reader, stop_);
    seen += page.batch->changes.size();
    add(comparison_.page(*page.batch));
  }
  found_.items += seen;
}

void TableCompare::settle() {
  const std::int64_t since = server_micros(connection_);
  const auto began = steady_clock::now();
  auto improved = began;
  for (bool settled = suspects_.empty(); !settled;) {
    require_not_stopped();
    const std::size_t before = suspects_.size();
    recheck();
    const auto now = steady_clock::now();
    if (suspects_.size() < before) improved = now;
    const bool quiet = now - improved > options_.settle_time;
    settled =
        suspects_.empty() ||
        (quiet && (follower_passed(connection_, replica_, since) || now - began > kPassedPatience));
    if (!settled) sleep_for(kSettlePause, stop_);
  }
  count_and_repair();
}

// A suspect whose item and row agree now was changed between the two reads.
void TableCompare::recheck() {
  std::vector<std::string> keys;
  for (const Suspect& suspect : suspects_)
    if (suspect.difference != Difference::unstorable && !suspect.source_key.empty())
      keys.push_back(key_json(suspect.source_key, replica_.source->key_schema));
  std::map<std::string, std::string> items;
  for (std::string& item : dynamodb_.get_items(description_.name, keys, stop_)) {
    std::string key;
    append_canonical_key(key, item, replica_.source->key_schema);
    items.emplace(std::move(key), std::move(item));
  }
  std::vector<Suspect> unstorable;
  std::erase_if(suspects_, [&](Suspect& suspect) {
    if (suspect.difference != Difference::unstorable) return false;
    unstorable.push_back(std::move(suspect));
    return true;
  });
  comparison_.follow_mapping();  // rows that a promotion has changed differ by the old one
  comparison_.recheck(suspects_, items);
  std::erase_if(suspects_, [](const Suspect& s) { return s.difference == Difference::none; });
  std::ranges::move(unstorable, std::back_inserter(suspects_));
}

std::map<std::string, std::int64_t> TableCompare::letters_of_suspects() {
  std::vector<std::string> keys;
  for (const Suspect& suspect : suspects_)
    if (!suspect.key.empty()) keys.push_back(suspect.key);
  return DeadLetters{connection_, replica_}.by_key(keys);
}

void TableCompare::count_and_repair() {
  std::vector<DoubtfulKey> wrong;
  const auto letters = letters_of_suspects();
  for (const Suspect& suspect : suspects_) {
    ++found_.of[static_cast<std::size_t>(suspect.difference)];
    if (suspect.difference == Difference::unstorable) continue;
    const auto letter = letters.find(suspect.key);
    if (letter != letters.end()) ++found_.known;
    if (found_.keys.size() < kKeysShown)
      found_.keys.push_back(
          key_json(suspect.key, replica_.keys()) +
          (letter == letters.end() ? "" : fmt::format(", dead letter {}", letter->second)));
    if (suspect.source_key.empty())
      ++found_.known_by_hash;
    else
      wrong.push_back({.key = suspect.source_key});
  }
  suspects_.clear();
  const bool repairs = options_.repair;
  for (std::size_t at = 0; repairs && at < wrong.size(); at += kRepairPage) {
    const auto page = std::span{wrong}.subspan(at, std::min(kRepairPage, wrong.size() - at));
    found_.repaired += page.size() - repair_.apply(page, stop_).dead_letters;
  }
  found_.stopped_early = !repairs && found_.total() >= kDifferencesMax;
}

}  // namespace dynamite
