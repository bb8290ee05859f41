#include "replica/change/history_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>

#include "replica/history/history_sql.hpp"

namespace dynamite {
namespace {

/// Of how long a history tells, in words.
std::string kept_span(std::chrono::seconds keep) {
  constexpr std::chrono::hours kDay{24};
  if (keep.count() == 0) return "all";
  if (keep % kDay == std::chrono::seconds{0}) return fmt::format("{} days", keep / kDay);
  return fmt::format("{} hours", keep / std::chrono::hours{1});
}

}  // namespace

void plan_history(const Target& target, const MappingRules& rules, TargetChange& change) {
  const MappingRules& old = target.mapping.rules;
  const HistoryTable history = history_of(target);
  const std::string name = history.qualified_name();
  if (rules.history && !old.history) {
    std::ranges::move(history_table_sql(history, target.qualified_name()),
                      std::back_inserter(change.ddl));
    change.words.push_back(
        fmt::format("{} notes each change from now on, and the next pass what is there", name));
    change.reads_older_back = true;
  } else if (!rules.history && old.history) {
    change.words.push_back(
        fmt::format("{} stays with what it says, and nothing is added to it", name));
  } else if (rules.history && rules.history_keep != old.history_keep) {
    change.words.push_back(
        fmt::format("{} keeps {} from now on", name, kept_span(rules.history_keep)));
  }
}

}  // namespace dynamite
