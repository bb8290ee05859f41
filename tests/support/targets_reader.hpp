#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "pg/connection.hpp"

namespace dynamite::test {

/// Reads targets of which one takes an item, as somebody who queries them, until it is stopped.
/// Items may move from target to target, but never go.
class TargetsReader {
 public:
  enum class Found : std::uint8_t { once, at_least_once };
  struct Look {
    std::string url;
    std::vector<std::string> targets;  ///< quoted
    std::string key;                   ///< SQL of a row's key as text
    Found found = Found::once;         ///< of an item, in all targets together
  };
  struct Findings {
    std::uint64_t looks = 0;
    std::vector<std::string> wrong;  ///< the first ones
  };

  explicit TargetsReader(Look look);

  Findings stop();

 private:
  void read(const std::stop_token& stop);
  void look(pg::Connection& connection);
  void find_wrong(const std::string& key, const std::string& what);

  const Look look_;
  std::string sql_;
  std::map<std::string, bool> known_;  // keys that were seen; whether they are in this look
  Findings findings_;
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace dynamite::test
