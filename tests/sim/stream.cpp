#include "sim/stream.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json/text.hpp"

namespace dynamite::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kRetention = 24h;
constexpr std::uint64_t kStepMax = 1'000'000'000;  // between sequence numbers

std::string sum(std::string digits, std::uint64_t addend) {
  for (auto digit = digits.rbegin(); addend > 0; ++digit) {
    if (digit == digits.rend()) {
      digits.insert(digits.begin(), '0');
      digit = digits.rend() - 1;
    }
    const std::uint64_t value = static_cast<std::uint64_t>(*digit - '0') + addend % 10;
    *digit = static_cast<char>('0' + value % 10);
    addend = addend / 10 + value / 10;
  }
  return digits;
}

std::uint64_t seconds_of(Micros time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

}  // namespace

int compare_sequence_numbers(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b) < 0 ? -1 : a == b ? 0 : 1;
}

Stream::Stream(Identity identity, Chance& chance, std::string first_sequence_number,
               std::size_t shards)
    : identity_{std::move(identity)},
      chance_{&chance},
      last_sequence_number_{std::move(first_sequence_number)} {
  const std::uint64_t width = (std::uint64_t{1} << 32U) / shards;
  for (std::size_t i = 0; i < shards; ++i) {
    const auto first = static_cast<std::uint32_t>(i * width);
    const bool last = i + 1 == shards;
    add_shard("", {first, last ? 0xffff'ffff : static_cast<std::uint32_t>(first + width - 1)});
    shards_.back().listed_at = {};
  }
}

const Shard* Stream::find(const std::string& shard_id) const {
  const auto shard = std::ranges::find(shards_, shard_id, &Shard::id);
  return shard == shards_.end() ? nullptr : &*shard;
}

std::string Stream::next_sequence_number() {
  last_sequence_number_ = sum(last_sequence_number_, 1 + chance_->below(kStepMax));
  return last_sequence_number_;
}

Micros Stream::listing_time() {
  const auto lag = chance_->irregularities.listing_lag_max.count();
  if (lag == 0) return {};
  return chance_->now() +
         std::chrono::milliseconds{chance_->below(static_cast<std::uint64_t>(lag))};
}

void Stream::add_shard(const std::string& parent, HashRange range) {
  const auto made =
      std::chrono::duration_cast<std::chrono::milliseconds>(chance_->now().time_since_epoch());
  shards_.push_back({.id = fmt::format("shardId-{:020}-{:08x}", made.count(), ++shards_made_),
                     .parent = parent,
                     .range = range,
                     .starting_sequence_number = next_sequence_number(),
                     .listed_at = listing_time()});
}

Shard& Stream::open_shard(std::uint32_t hash) {
  return *std::ranges::find_if(shards_, [&](const Shard& shard) {
    return shard.open() && shard.range.first <= hash && hash <= shard.range.last;
  });
}

std::string Stream::append(std::uint32_t hash, const ItemChange& change) {
  std::string images;
  const bool with_new = identity_.view_type.starts_with("NEW");
  const bool with_old = identity_.view_type.find("OLD") != std::string::npos;
  if (with_new && !change.new_image.empty()) images += ",\"NewImage\":" + change.new_image;
  if (with_old && !change.old_image.empty()) images += ",\"OldImage\":" + change.old_image;
  const std::string_view identity = change.expired ? kByTimeToLive : "";
  const Micros now = chance_->now();
  std::string number = next_sequence_number();
  std::string json = fmt::format(
      R"({{"eventID":"{}","eventName":"{}","eventVersion":"1.1","eventSource":"aws:dynamodb",)"
      R"("awsRegion":"us-east-1","dynamodb":{{"ApproximateCreationDateTime":{},"Keys":{}{},)"
      R"("SequenceNumber":"{}","SizeBytes":{},"StreamViewType":"{}"}}{}}})",
      number, change.event_name, seconds_of(now), change.keys, images, number,
      change.keys.size() + images.size(), identity_.view_type, identity);
  open_shard(hash).records.push_back(
      {.sequence_number = number, .time = now, .json = std::move(json)});
  return number;
}

void Stream::close(Shard& shard) {
  shard.ending_sequence_number = next_sequence_number();
  shard.closed_at = chance_->now();
  shard.listed_closed_at = listing_time();
}

void Stream::replace_shard(std::size_t children) {
  std::vector<Shard*> open;
  for (Shard& shard : shards_)
    if (shard.open()) open.push_back(&shard);
  if (open.empty()) return;
  Shard& parent = *open[chance_->below(open.size())];
  close(parent);
  const HashRange range = parent.range;
  const std::string id = parent.id;
  if (children == 1 || range.first == range.last) {
    ++chance_->counts["shard followed by another"];
    add_shard(id, range);
    return;
  }
  ++chance_->counts["shard split in two"];
  const std::uint32_t middle = range.first + (range.last - range.first) / 2;
  add_shard(id, {range.first, middle});
  add_shard(id, {middle + 1, range.last});
}

void Stream::disable() {
  enabled_ = false;
  for (Shard& shard : shards_)
    if (shard.open()) close(shard);
}

void Stream::trim() {
  const Micros horizon = chance_->now() - kRetention;
  for (Shard& shard : shards_)
    while (shard.trimmed < shard.records.size() && shard.records[shard.trimmed].time < horizon) {
      ++shard.trimmed;
      ++chance_->counts["record trimmed"];
    }
  const auto gone = std::erase_if(shards_, [&](const Shard& shard) {
    return !shard.open() && shard.closed_at < horizon && shard.trimmed == shard.records.size();
  });
  if (gone > 0) chance_->counts["shard trimmed"] += gone;
}

}  // namespace dynamite::sim
