#include "suggest/time_column.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/conversion.hpp"
#include "mapping/snake_case.hpp"

namespace dynamite {
namespace {

// Microseconds since 1970. Numbers of one unit in this range are none in another's.
constexpr std::int64_t kTimesBegin = 946'684'800'000'000;  // 2000-01-01
constexpr std::int64_t kTimesEnd = 4'102'444'800'000'000;  // 2100-01-01

constexpr auto kTimeWords = std::to_array<std::string_view>(
    {"at",      "on",       "time",    "date",   "timestamp", "datetime",   "ts",
     "ttl",     "epoch",    "expires", "expire", "expiry",    "expiration", "created",
     "updated", "modified", "deleted", "joined", "since",     "until",      "started",
     "ended",   "due",      "seen",    "when",   "changed"});

/// Whether a word of orderDate, expires_at or TTL tells of a time.
bool is_called_like_a_time(std::string_view attribute) {
  const std::string name = snake_case(attribute);
  std::string_view rest{name};
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('_'), rest.size());
    const std::string_view word = rest.substr(0, end);
    if (std::ranges::find(kTimeWords, word) != kTimeWords.end()) return true;
    if (word.ends_with("timestamp") || word.ends_with("time")) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

bool is_time(std::string_view number, TimeUnit unit) {
  const auto time = timestamptz_of_number(number, unit);
  return time && *time >= kTimesBegin && *time < kTimesEnd;
}

}  // namespace

std::optional<ColumnType> time_type_of(std::span<const std::string_view> texts) {
  if (texts.empty()) return std::nullopt;
  const auto is_moment = [](std::string_view text) {
    return timestamptz_of_text(text).has_value();
  };
  const auto is_day = [](std::string_view text) { return date_of_text(text).has_value(); };
  if (std::ranges::all_of(texts, is_moment)) return ColumnType::timestamptz;
  if (std::ranges::all_of(texts, is_day)) return ColumnType::date;
  return std::nullopt;
}

std::optional<TimeUnit> time_unit_of(std::string_view attribute,
                                     std::span<const std::string_view> numbers) {
  if (numbers.empty() || !is_called_like_a_time(attribute)) return std::nullopt;
  for (const TimeUnit unit : {TimeUnit::s, TimeUnit::ms, TimeUnit::us})
    if (std::ranges::all_of(numbers, [&](std::string_view each) { return is_time(each, unit); }))
      return unit;
  return std::nullopt;
}

}  // namespace dynamite
