#include "sim/checks/kept_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "mapping/hashed_keys.hpp"
#include "sim/checks/shown_rows.hpp"
#include "support/rebuilt_item.hpp"

namespace dynamite::sim {
namespace {

/// Whether the target showed the whole item at all times, hashed or not. Nothing else than another
/// form of its target changes a kept row.
bool has_one_form(const std::vector<MappingRules>& ever) {
  return std::ranges::all_of(ever, [&](const MappingRules& rules) {
    return rules.layout == ever.front().layout && rules.only.empty() && rules.omit.empty() &&
           rules.declared.empty();
  });
}

/// What may be in a target's kept rows, by key.
class Removed {
 public:
  Removed(const Target& target, const ChangeLog& log, const std::vector<MappingRules>& ever)
      : expired_{std::ranges::none_of(ever, &MappingRules::keep_removed)} {
    HashedKeys hashed = target.hashed_keys();
    for (const LoggedChange& logged : log) {
      const std::string key{hashed.of(logged.key)};
      if (logged.is_put())
        images_[key].push_back(logged.change.new_image);
      else if (logged.change.expired || !expired_)
        gone_.insert(key);
    }
    for (const MappingRules& rules : ever) mappings_.emplace_back(target).mapping.rules = rules;
  }

  /// Whether time to live must have removed the items of kept rows.
  bool expired() const { return expired_; }
  bool was_gone(const std::string& key) const { return gone_.contains(key); }
  /// Whether a row of `key` may have shown `item` at some time.
  bool was_shown(const std::string& key, const std::string& item) const {
    return std::ranges::any_of(mappings_, [&](const Target& target) {
      return std::ranges::binary_search(test::shown_items(target, images_.at(key)), item);
    });
  }

 private:
  const bool expired_;
  std::set<std::string> gone_;
  std::map<std::string, std::vector<std::string>> images_;
  std::vector<Target> mappings_;
};

}  // namespace

std::string difference_of_kept_rows(pg::Connection& connection, const Target& target,
                                    const ChangeLog& log, const std::vector<MappingRules>& ever,
                                    Counts& counts) {
  if (!target.layout.keeps()) return {};
  const Removed removed{target, log, ever};
  const bool shows_items = has_one_form(ever);
  for (const auto& [key, item] : kept_rows(connection, target, shows_items)) {
    ++counts[removed.expired() ? "row kept of an expired item" : "row kept of a removed item"];
    if (!removed.was_gone(key))
      return fmt::format("{} keeps a row whose item was never removed; ", target.table);
    if (shows_items && !removed.was_shown(key, item))
      return fmt::format("{} keeps a row of what its item never was; ", target.table);
  }
  return {};
}

}  // namespace dynamite::sim
