#include "sim/checks/kept_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "layout/key_columns.hpp"
#include "mapping/hashed_keys.hpp"
#include "pg/connection.hpp"
#include "support/natural_json.hpp"
#include "support/rebuilt_item.hpp"

namespace dynamite::sim {
namespace {

/// The rows that a target keeps: what each shows, by its key as the target has it. Empty: the row
/// has only what another layout showed.
std::map<std::string, std::string> kept_rows(pg::Connection& connection, const Target& target) {
  const KeyColumns& keys = target.layout.keys();
  const std::vector<std::string> columns = keys.texts();
  const pg::Result found = connection.run(
      fmt::format("SELECT {}, {}, {} FROM {} t WHERE t.{} IS NOT NULL", test::item_sql(target),
                  test::types_sql(target), fmt::join(columns, ", "), target.qualified_name(),
                  target.layout.of(ColumnRole::removed_at).quoted()));
  std::map<std::string, std::string> rows;
  for (int row = 0; row < found.rows(); ++row) {
    std::vector<std::string> parts;
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      parts.emplace_back(found.at(row, 2 + column));
    const auto item = found.text(row, 0);
    rows.emplace(keys.canonical_key(parts),
                 item ? test::dynamodb_json_of(*item, found.text(row, 1).value_or("")) : "");
  }
  return rows;
}

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
      if (!logged.change.new_image.empty())
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
  for (const auto& [key, item] : kept_rows(connection, target)) {
    ++counts[removed.expired() ? "row kept of an expired item" : "row kept of a removed item"];
    if (!removed.was_gone(key))
      return fmt::format("{} keeps a row whose item was never removed; ", target.table);
    if (shows_items && !removed.was_shown(key, item))
      return fmt::format("{} keeps a row of what its item never was; ", target.table);
  }
  return {};
}

}  // namespace dynamite::sim
