#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "app/config/config.hpp"
#include "app/config/value.hpp"

namespace dynamite {

/// One key of a section that is read into an `Into`.
template <class Into>
struct Key {
  std::string_view name;
  std::string allowed;  ///< in words
  /// False if the value is not allowed.
  std::function<bool(const Value& value, Into& into)> read;
};

/// All of the top level but `url`, which is read by parse_database_url, and `table`.
std::span<const Key<Config>> config_keys();

/// Every key of a [[table]].
std::span<const Key<TableRule>> table_keys();

/// Every key that may stand at the top level, `url` and `table` too.
std::span<const std::string_view> top_level_names();

/// Every key that may stand in a [[table]].
std::span<const std::string_view> table_names();

/// "DYNAMITE_IDLE_POLL_MAX".
std::string environment_name(std::string_view key);

}  // namespace dynamite
