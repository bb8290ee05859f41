#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.hpp"
#include "core/clock.hpp"

namespace dynamite::sim {

/// How often what was made up by chance really happened, by its name.
using Counts = std::map<std::string, std::uint64_t>;

/// How far a stream goes from the kindest behaviour that its documentation allows. All are 0 for a
/// kind one.
struct Irregularities {
  unsigned empty_page_percent = 0;  ///< although there are records
  unsigned short_page_percent = 0;  ///< fewer records than were asked for
  unsigned late_end_percent = 0;    ///< a closed shard's last page still has a next iterator
  unsigned moved_trim_percent = 0;  ///< a trimmed position is refused by GetRecords only
  std::size_t listing_max = 100;    ///< shards on a page of DescribeStream
  std::chrono::milliseconds listing_lag_max{0};  ///< until new and closed shards are listed so
};

/// One change of an item, as the stream's records carry it.
struct ItemChange {
  const char* event_name;  ///< INSERT, MODIFY, REMOVE
  std::string keys;
  std::string new_image;  ///< empty: none
  std::string old_image;  ///< empty: none
  bool expired = false;   ///< a REMOVE by time to live
};

/// A change as it was made, and its record, if it has one.
struct LoggedChange {
  std::string key;  ///< canonical
  ItemChange change;
  Micros time{};
  std::string sequence_number{};  ///< empty: no stream was on
  std::string stream_arn{}, view_type{};

  bool is_put() const { return !change.new_image.empty(); }
  bool has_record() const { return !sequence_number.empty(); }
};
using ChangeLog = std::vector<LoggedChange>;

/// What all parts of a simulation share.
struct Chance {
  const Clock& clock;
  std::mt19937_64 random;
  Irregularities irregularities{};
  Counts counts{};
  ChangeLog* log = nullptr;  ///< of all changes; null: none is kept

  std::uint64_t below(std::uint64_t bound) { return random() % bound; }
  /// Decides, and counts what happens under `name`.
  bool happens(unsigned percent, const char* name) {
    if (below(100) >= percent) return false;
    ++counts[name];
    return true;
  }
  Micros now() const { return clock.time(); }
};

/// The end of a record of a remove by time to live, as GetRecords gives it.
inline constexpr std::string_view kByTimeToLive =
    R"(,"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"})";

struct StreamRecord {
  std::string sequence_number;
  Micros time;
  std::string json;  ///< as GetRecords gives it
};

/// The partition keys whose hash is at least `first` and at most `last`.
struct HashRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0xffff'ffff;
};

struct Shard {
  std::string id;
  std::string parent;  ///< empty: none
  HashRange range;
  std::string starting_sequence_number;
  std::string ending_sequence_number{};  ///< empty: open
  std::vector<StreamRecord> records{};
  std::size_t trimmed = 0;  ///< so many of the oldest records are gone
  Micros listed_at{};
  Micros listed_closed_at{};
  Micros closed_at{};

  bool open() const noexcept { return ending_sequence_number.empty(); }
};

/// A stream of a table: its shards and their records, which live for 24 hours.
class Stream {
 public:
  struct Identity {
    std::string arn, label, view_type;
  };

  /// `first_sequence_number`: 21 to 40 digits.
  Stream(Identity identity, Chance& chance, std::string first_sequence_number, std::size_t shards);

  /// Returns the sequence number.
  std::string append(std::uint32_t hash, const ItemChange& change);

  /// A random open shard is closed and followed by `children`, 1 or 2.
  void replace_shard(std::size_t children);
  /// No more records; open shards are closed.
  void disable();
  /// Drops records that are 24 h old, and shards that have held none for that long.
  void trim();

  const Identity& identity() const noexcept { return identity_; }
  bool enabled() const noexcept { return enabled_; }
  const std::list<Shard>& shards() const noexcept { return shards_; }
  const Shard* find(const std::string& shard_id) const;

 private:
  Shard& open_shard(std::uint32_t hash);
  void close(Shard& shard);
  void add_shard(const std::string& parent, HashRange range);
  Micros listing_time();
  std::string next_sequence_number();

  Identity identity_;
  Chance* chance_;
  bool enabled_ = true;
  std::string last_sequence_number_;
  std::list<Shard> shards_;  // in the order of their making
  std::uint32_t shards_made_ = 0;
};

/// `-1`, `0` or `1`: numbers of any length.
int compare_sequence_numbers(const std::string& a, const std::string& b);

}  // namespace dynamite::sim
