#include "support/targets_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstddef>
#include <utility>

#include "core/error.hpp"
#include "core/sleep.hpp"

namespace dynamite::test {
namespace {

constexpr std::size_t kWrongMax = 10;
constexpr std::chrono::milliseconds kPause{5};  // leaves the processor to those who are read

// One statement sees one snapshot.
std::string sql_of(const TargetsReader::Look& look) {
  std::vector<std::string> parts;
  for (const std::string& target : look.targets)
    parts.push_back(fmt::format("SELECT {} AS key FROM {}", look.key, target));
  return fmt::format("SELECT key, count(*) FROM ({}) all_targets GROUP BY key",
                     fmt::join(parts, " UNION ALL "));
}

}  // namespace

TargetsReader::TargetsReader(Look look)
    : look_{std::move(look)}, sql_{sql_of(look_)}, thread_{[this](const std::stop_token& stop) {
        while (!stop.stop_requested()) read(stop);
      }} {}

TargetsReader::Findings TargetsReader::stop() {
  thread_.request_stop();
  thread_.join();
  return findings_;
}

// A server that crashes takes with it what it did not write to the disk yet, also first
// appearances.
void TargetsReader::read(const std::stop_token& stop) {
  known_.clear();
  try {
    pg::Connection connection =
        pg::Connection::open({.conninfo = look_.url, .application_name = "reader"}, stop);
    while (!stop.stop_requested()) {
      look(connection);
      sleep_for(kPause, stop);
    }
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::transient) find_wrong("", error.what());
  }
}

void TargetsReader::look(pg::Connection& connection) {
  for (auto& [key, here] : known_) here = false;
  const pg::Result rows = connection.run(sql_);
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string key{rows.at(row, 0)};
    known_[key] = true;
    if (look_.found == Found::once && rows.number(row, 1) > 1)
      find_wrong(key, "is in several targets");
  }
  for (const auto& [key, here] : known_)
    if (!here) find_wrong(key, "is in no target");
  ++findings_.looks;
}

void TargetsReader::find_wrong(const std::string& key, const std::string& what) {
  if (findings_.wrong.size() < kWrongMax) findings_.wrong.push_back(key + " " + what);
}

}  // namespace dynamite::test
