#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/replication_options.hpp"
#include "engine/key_repair.hpp"
#include "replica/comparison.hpp"
#include "replica/state/dead_letters.hpp"
#include "source/read_rate.hpp"
#include "source/scan_reader.hpp"

namespace dynamite {

/// What a comparison found.
struct Differences {
  std::uint64_t items = 0;
  std::array<std::uint64_t, 5> of{};  ///< by Difference
  std::uint64_t repaired = 0;         ///< keys, however many targets had a wrong row
  std::uint64_t known_by_hash = 0;  ///< ghosts of which there is only a hash of the key: no repair
  std::uint64_t known = 0;          ///< differences whose key has a dead letter
  std::vector<std::string> keys;    ///< the first ones, as DynamoDB JSON, with their dead letters
  bool stopped_early = false;       ///< there are more

  std::uint64_t count(Difference difference) const {
    return of[static_cast<std::size_t>(difference)];
  }
  /// Of any kind.
  std::uint64_t total() const;
  Differences& operator+=(const Differences& more);
};

struct TableCompareOptions {
  ApplyOptions apply{};                   ///< of a repair
  ReplicationOptions replication{};       ///< the table is read as fast, and cut, as by a pass
  std::optional<std::uint64_t> sample{};  ///< items and rows to look at; absent: all
  bool repair = false;                    ///< make the rows that differ what their items are
  /// If no follower tells how far it is, a difference counts once it has stayed for so long.
  std::chrono::milliseconds settle_time{5'000};
  /// Called with the number of items that were read so far, by one thread at a time.
  std::function<void(std::uint64_t items)> on_progress = [](std::uint64_t) {};
};

/// Compares one table with its replica, and repairs the rows that differ if asked to. The segments
/// are read in parallel; PostgreSQL is asked over one connection. Holds a page of each segment and
/// some thousand suspects at most: PostgreSQL remembers the keys that were met.
class TableCompare {
 public:
  /// All references outlive it. `description` is that of the replica's source.
  TableCompare(pg::Connection& connection, DynamoDb& dynamodb, const TableDescription& description,
               const Replica& replica, TableCompareOptions options);

  /// Compares every item and every row, or a sample of both. To be called once. Throws
  /// Error{transient} after a stop.
  Differences run(std::stop_token stop);

 private:
  /// Is called with each page, by one thread at a time. False: no more pages of the segment.
  using UseItems = std::function<bool(const Batch&)>;

  void scan_all();
  void scan(const UseItems& use);
  void scan_segment(std::int32_t segment, const UseItems& use, const std::stop_token& stop);
  Page read_page(ScanReader& reader, const std::stop_token& stop);
  void add(std::vector<Suspect> suspects);
  void find_ghosts();
  void find_hashed_ghosts();
  void sample();
  void sample_rows();
  void sample_items();

  /// Reads the suspects again until they agree, or the follower has passed the reading, and counts
  /// those that are left.
  void settle();
  void recheck();
  void count_and_repair();
  std::map<std::string, std::int64_t> letters_of_suspects();
  void require_not_stopped() const;

  pg::Connection& connection_;
  DynamoDb& dynamodb_;
  const TableDescription& description_;
  const Replica& replica_;
  const TableCompareOptions options_;
  std::stop_token stop_;
  Comparison comparison_;
  KeyRepair repair_;
  ReadRate rate_;
  const std::uint32_t segments_;
  std::mutex mutex_;  // guards all below, and the connection
  std::vector<Suspect> suspects_;
  Differences found_;
};

}  // namespace dynamite
