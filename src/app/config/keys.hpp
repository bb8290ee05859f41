#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/value.hpp"

namespace dynamite {

/// One key of a section that is read into an `Into`.
template <class Into>
struct Key {
  std::string_view name;
  std::string allowed;  ///< in words
  /// False if the value is not allowed.
  std::function<bool(const SettingValue& value, Into& into)> read;
  bool is_secret = false;  ///< no error shows the value
};

/// What is wrong with a setting: its value, unless that is secret, and what is allowed; its key,
/// and what it could have been. The key is shown behind `within`, "columns.total.".
std::string wrong_value(const Setting& setting, std::string_view allowed,
                        std::string_view within = {});
std::string wrong_secret(const Setting& setting, std::string_view allowed);
std::string unknown_key(const Setting& setting, std::span<const std::string_view> known,
                        std::string_view within = {});

/// All of the top level but `url`, which is read by parse_database_url, and `table`.
std::span<const Key<Config>> config_keys();

/// All of a [[table]] but `target` and the keys of its only target, which may stand in it too.
std::span<const Key<TableRule>> table_keys();

/// All of a [[table.target]] but `columns`, which is read by read_columns, and `where`, which
/// Clause::parse reads.
std::span<const Key<TargetRule>> target_keys();

/// Every key that may stand at the top level, `url` and `table` too.
std::span<const std::string_view> top_level_names();

/// Every key that may stand in a [[table]], those of a target too.
std::span<const std::string_view> table_names();

/// Every key that may stand in a [[table.target]], `columns` and `where` too.
std::span<const std::string_view> target_names();

/// Reads `setting` by its row of `keys`, whose names and others are `known`. What is wrong with it
/// is added to `problems`; see wrong_value.
template <class Into>
void read_setting(const Setting& setting, std::span<const Key<Into>> keys,
                  std::span<const std::string_view> known, Into& into,
                  std::vector<std::string>& problems, std::string_view within = {}) {
  const auto key = std::ranges::find(keys, setting.key, &Key<Into>::name);
  if (key == keys.end())
    problems.push_back(unknown_key(setting, known, within));
  else if (!key->read(setting.value, into))
    problems.push_back(key->is_secret ? wrong_secret(setting, key->allowed)
                                      : wrong_value(setting, key->allowed, within));
}

/// "DYNAMITE_IDLE_POLL_MAX".
std::string environment_name(std::string_view key);

}  // namespace dynamite
