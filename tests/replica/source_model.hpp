#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "json/random_item.hpp"
#include "support/natural_json.hpp"
#include "support/rebuilt_item.hpp"
#include "support/replica.hpp"
#include "where/clause.hpp"

namespace dynamite::test {

/// A DynamoDB table and the records of its streams, written at random.
class SourceModel {
 public:
  struct Key {
    std::vector<TestChange> records;  ///< oldest first
    std::size_t applied = 0;          ///< records before this one were handed to an applier
    std::size_t lost = 0;             ///< … records between the two never will be
  };

  /// What records and items have beside what is random in any case.
  struct Options {
    bool old_images = false;  ///< records have the item before
    bool kinds = false;       ///< items have the attribute "kind": none, or S "x" or "y"
    bool expiries = false;    ///< some removes are by time to live
  };

  SourceModel(std::uint64_t seed, KeySchema key_schema, std::size_t keys)
      : SourceModel{seed, std::move(key_schema), keys, Options{}} {}
  SourceModel(std::uint64_t seed, KeySchema key_schema, std::size_t keys, Options options)
      : options_{options},
        random_{seed},
        items_{seed, {.attributes_max = 3, .depth_max = 2}},
        schema_{std::move(key_schema)} {
    keys_.resize(keys);
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::mt19937_64& random() { return random_; }

  /// Puts or removes a random item.
  void write() {
    const std::size_t number = below(keys_.size());
    TestChange change;
    const auto now = items_now_.find(number);
    std::string old_image = now == items_now_.end() ? "" : now->second;
    if (items_now_.contains(number) && chance(40)) {
      change = remove_item(RandomItems::key(schema_, number), ++sequence_number_);
      items_now_.erase(number);
      if (options_.expiries && chance(50)) change = change.expired();
    } else {
      change = put_item(with_kind(items_.item(schema_, number)), ++sequence_number_);
      items_now_[number] = change.image;
    }
    if (options_.old_images) change = change.before(std::move(old_image));
    change = change.at(kBegin + ++writes_);
    keys_[number].records.push_back(change.of_generation(generation_));
  }

  /// The stream is switched off and on: the numbers begin anew.
  void new_stream() {
    ++generation_;
    sequence_number_ = 0;
  }

  /// The oldest records of random keys that no applier was handed yet; all of them if `all`.
  std::vector<TestChange> take_new(bool all) {
    std::vector<TestChange> taken;
    for (Key& key : keys_) {
      const std::size_t first = std::max(key.applied, key.lost);
      std::size_t count = key.records.size() - first;
      if (!all) count = chance(50) ? 0 : std::min(count, 1 + below(3));
      if (count == 0) continue;
      for (std::size_t i = first; i < first + count; ++i) {
        taken.push_back(key.records[i]);
        handed_.push_back(key.records[i]);
      }
      key.applied = first + count;
    }
    return taken;
  }

  /// Records that an applier was handed before.
  std::vector<TestChange> take_repeats(std::size_t count) {
    std::vector<TestChange> taken;
    for (; count > 0 && !handed_.empty(); --count) taken.push_back(handed_[below(handed_.size())]);
    return taken;
  }
  const std::vector<TestChange>& handed() const { return handed_; }

  /// What random keys have in their stream now is gone. False if that is nothing.
  bool lose() {
    bool lost = false;
    for (Key& key : keys_) {
      if (std::max(key.applied, key.lost) == key.records.size() || chance(50)) continue;
      key.lost = key.records.size();
      lost = true;
    }
    return lost;
  }

  std::size_t key_count() const { return keys_.size(); }

  /// A page of a Scan: what there is now of the keys `first` to `last`, which is not of the page.
  std::vector<TestChange> scan(std::size_t first, std::size_t last) const {
    std::vector<TestChange> page;
    for (auto i = items_now_.lower_bound(first); i != items_now_.end() && i->first < last; ++i)
      page.push_back(scanned_item(i->second).at(kBegin + kScansLater + writes_));
    return page;
  }

  /// The items that a clause takes, all if there is none, as canonical DynamoDB JSON, sorted.
  std::vector<std::string> items(const std::optional<Clause>& where = {}) const {
    std::vector<std::string> all;
    for (const auto& [number, image] : items_now_)
      if (!where || where->matches(image)) all.push_back(canonical_dynamodb_json(image));
    std::ranges::sort(all);
    return all;
  }

 private:
  std::string with_kind(std::string image) {
    if (!options_.kinds) return image;
    const std::size_t kind = below(3);
    if (kind == 0) return image;
    image.pop_back();
    return image + (kind == 1 ? R"(,"kind":{"S":"x"}})" : R"(,"kind":{"S":"y"}})");
  }

  // Seconds: no item is read at the time of a record.
  static constexpr std::int64_t kBegin = 1'768'478'400;
  static constexpr std::int64_t kScansLater = 100'000'000;

  const Options options_;
  std::mt19937_64 random_;
  RandomItems items_;
  KeySchema schema_;
  std::vector<Key> keys_;
  std::map<std::size_t, std::string> items_now_;
  std::vector<TestChange> handed_;
  std::uint64_t sequence_number_ = 0;
  std::uint64_t generation_ = 1;
  std::int64_t writes_ = 0;
};

/// The items that the rows of the replica's first target stand for, as SourceModel::items.
inline std::vector<std::string> items_of(pg::Connection& connection, const Replica& table) {
  return items_of(connection, table.targets.front());
}

/// A number from the environment, for repeating a failure or searching longer.
inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::stoull(value);
}

}  // namespace dynamite::test
