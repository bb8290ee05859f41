#include "sim/table.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "core/key.hpp"
#include "json/item_key.hpp"
#include "json/text.hpp"

namespace dynamite::sim {
namespace {

constexpr std::size_t kPageBytesMax = 1U << 20U;

// FNV-1a: any hash that spreads.
std::uint32_t hash_of(std::string_view bytes) {
  std::uint32_t hash = 2'166'136'261U;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 16'777'619U;
  return hash * 2'654'435'761U;
}

std::string label_of(Micros time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(time - second);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}", second, rest.count());
}

std::string attribute(simdjson::dom::object image, const std::string& name) {
  return json_string(name) + ":" + simdjson::minify(simdjson::dom::element{image.at_key(name)});
}

}  // namespace

Table::Table(std::string name, KeySchema key_schema, Chance& chance)
    : name_{std::move(name)}, key_schema_{std::move(key_schema)}, chance_{chance} {}

std::string Table::arn() const { return "arn:aws:dynamodb:us-east-1:000000000000:table/" + name_; }

std::string Table::canonical_key(std::string_view image) const {
  std::string key;
  append_canonical_key(key, image, key_schema_);
  return key;
}

Table::Place Table::place_of(std::string canonical) const {
  return {hash_of(split_key(canonical).parts[0]), std::move(canonical)};
}

std::string Table::key_json(std::string_view item) const {
  simdjson::dom::parser parser;
  const simdjson::dom::object image = parser.parse(item.data(), item.size());
  std::string json = "{" + attribute(image, key_schema_.partition.name);
  if (key_schema_.sort) json += "," + attribute(image, key_schema_.sort->name);
  return json + "}";
}

std::optional<std::string> Table::put(std::string_view item) {
  std::string& now = items_[place_of(canonical_key(item))];
  if (now == item) return now;
  record({.event_name = now.empty() ? "INSERT" : "MODIFY",
          .keys = key_json(item),
          .new_image = std::string{item},
          .old_image = now});
  const std::string before = std::exchange(now, item);
  return before.empty() ? std::nullopt : std::optional{before};
}

std::optional<std::string> Table::remove(std::string_view key) { return take_out(key, false); }

std::optional<std::string> Table::expire(std::string_view key) { return take_out(key, true); }

std::optional<std::string> Table::take_out(std::string_view key, bool expired) {
  const auto found = items_.find(place_of(canonical_key(key)));
  if (found == items_.end()) return std::nullopt;
  std::string before = std::move(found->second);
  items_.erase(found);
  record({.event_name = "REMOVE",
          .keys = key_json(before),
          .new_image = {},
          .old_image = before,
          .expired = expired});
  return before;
}

std::optional<std::string> Table::get(std::string_view key) const {
  const auto found = items_.find(place_of(canonical_key(key)));
  return found == items_.end() ? std::nullopt : std::optional{found->second};
}

void Table::record(ItemChange change) {
  LoggedChange logged{
      .key = canonical_key(change.keys), .change = std::move(change), .time = chance_.now()};
  Stream* open = stream();
  if (open != nullptr && open->enabled()) {
    logged.sequence_number = open->append(place_of(logged.key).first, logged.change);
    logged.stream_arn = open->identity().arn;
    logged.view_type = open->identity().view_type;
  } else if (open != nullptr) {
    ++chance_.counts["change while the stream was off"];
  }
  if (chance_.log != nullptr) chance_.log->push_back(std::move(logged));
}

void Table::drop() {
  disable_stream();
  for (const auto& [place, item] : items_)
    if (chance_.log != nullptr)
      chance_.log->push_back({.key = place.second,
                              .change = {.event_name = "REMOVE",
                                         .keys = key_json(item),
                                         .new_image = {},
                                         .old_image = item},
                              .time = chance_.now()});
  items_.clear();
}

void Table::enable_stream(const std::string& view_type, std::size_t shards) {
  labelled_at_ = std::max(chance_.now(), labelled_at_ + std::chrono::milliseconds{1});
  const std::string label = label_of(labelled_at_);
  // 21 digits that soon become 22, or as many as there may be.
  const std::string first_sequence_number =
      chance_.below(4) == 0
          ? std::string(39, '9')
          : "99999999999" + std::to_string(9'000'000'000 + chance_.below(1'000'000'000));
  streams_.emplace_back(Stream::Identity{arn() + "/stream/" + label, label, view_type}, chance_,
                        first_sequence_number, shards);
}

void Table::disable_stream() {
  if (stream() != nullptr) stream()->disable();
}

void Table::trim() {
  for (Stream& stream : streams_) stream.trim();
  // A stream that was switched off is readable for a day.
  while (streams_.size() > 1 && streams_.front().shards().empty()) streams_.pop_front();
}

Stream* Table::stream() { return streams_.empty() ? nullptr : &streams_.back(); }
const Stream* Table::stream() const { return streams_.empty() ? nullptr : &streams_.back(); }

Stream* Table::find_stream(const std::string& arn) {
  const auto found =
      std::ranges::find(streams_, arn, [](const Stream& s) { return s.identity().arn; });
  return found == streams_.end() ? nullptr : &*found;
}

std::vector<std::string> Table::items() const {
  std::vector<std::string> all;
  for (const auto& [place, item] : items_) all.push_back(item);
  return all;
}

Table::Page Table::scan(const ScanPlace& place) const {
  Page page;
  std::size_t bytes = 0;
  auto item = place.exclusive_start_key.empty()
                  ? items_.begin()
                  : items_.upper_bound(place_of(place.exclusive_start_key));
  for (; item != items_.end(); ++item) {
    if (item->first.first % place.total_segments != place.segment) continue;
    page.items.push_back(item->second);
    bytes += item->second.size();
    if (page.items.size() < place.limit && bytes < kPageBytesMax) continue;
    page.last_evaluated_key = key_json(item->second);
    return page;
  }
  return page;
}

}  // namespace dynamite::sim
