#pragma once

#include <string_view>

namespace dynamite {

/// An AWS region's name: it becomes part of host names.
bool is_region(std::string_view text) noexcept;

/// A name that PostgreSQL takes whole: 1 to 63 bytes without control characters.
bool is_identifier(std::string_view text) noexcept;

/// A DynamoDB table's name, or a glob of such names.
bool is_table_name(std::string_view text) noexcept;
bool is_table_glob(std::string_view text) noexcept;

}  // namespace dynamite
