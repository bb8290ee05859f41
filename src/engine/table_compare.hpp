#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/cli/progress.hpp"
#include "app/commands/commands.hpp"
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
  std::uint64_t repaired = 0;
  std::uint64_t known = 0;        ///< differences whose key has a dead letter
  std::vector<std::string> keys;  ///< the first ones, as DynamoDB JSON, with their dead letters
  bool stopped_early = false;     ///< there are more

  std::uint64_t count(Difference difference) const {
    return of[static_cast<std::size_t>(difference)];
  }
  /// Of any kind.
  std::uint64_t total() const;
  Differences& operator+=(const Differences& more);
};

/// Compares one table, and repairs it with --repair. The segments are read in parallel; PostgreSQL
/// is asked over one connection. Holds a page of each segment and some thousand suspects at most:
/// the keys that were met are remembered by PostgreSQL.
class TableCompare {
 public:
  TableCompare(const Context& context, DynamoDb& dynamodb, const TableDescription& description,
               const Replica& replica);

  /// Every item and every row, or with --sample some of both.
  Differences run();

 private:
  void scan_all();
  void scan_segment(std::int32_t segment, const std::stop_token& stop);
  Page read_page(ScanReader& reader, const std::stop_token& stop);
  void add(std::vector<Suspect> suspects);
  void find_ghosts();
  void sample();
  void sample_items();

  /// Reads the suspects again until they agree, or the follower has passed the reading, and counts
  /// what is left.
  void settle();
  void recheck();
  bool follower_passed(std::int64_t since_micros);
  std::int64_t server_micros();
  void count_and_repair();
  std::map<std::string, std::int64_t> letters_of_suspects();
  void require_not_stopped() const;

  const Context& context_;
  DynamoDb& dynamodb_;
  const TableDescription& description_;
  const Replica& replica_;
  pg::Connection connection_;
  Comparison comparison_;
  KeyRepair reread_;
  const std::uint32_t segments_;
  ReadRate rate_;
  Progress progress_;
  std::mutex mutex_;  // guards all below, and the connection
  std::vector<Suspect> suspects_;
  Differences found_;
  std::exception_ptr failure_;
};

}  // namespace dynamite
