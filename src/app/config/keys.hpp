#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/config/config.hpp"
#include "app/config/value.hpp"

namespace dynamite {

/// One key of the top level: how it is read, and what it may be.
struct ConfigKey {
  std::string_view name;
  std::string_view allowed;  ///< in words
  /// False if the value is not allowed.
  bool (*read)(const Value& value, Config& config);
};

/// All but `url`, which is read by parse_database_url.
std::span<const ConfigKey> config_keys() noexcept;

/// Every key that may stand at the top level, `url` and `table` too.
std::span<const std::string_view> top_level_keys();

/// Every key of a [[table]].
std::span<const std::string_view> table_keys() noexcept;

/// "DYNAMITE_IDLE_POLL_MAX".
std::string environment_name(std::string_view key);

/// An AWS region's name: it becomes part of host names.
bool is_region(std::string_view text) noexcept;

/// A name that PostgreSQL takes whole: 1 to 63 bytes without control characters.
bool is_identifier(std::string_view text) noexcept;

/// A DynamoDB table's name, or a glob of such names.
bool is_table_name(std::string_view text) noexcept;
bool is_table_glob(std::string_view text) noexcept;

}  // namespace dynamite
