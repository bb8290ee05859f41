#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/key_schema.hpp"

namespace dynamite {

enum class ColumnType : std::uint8_t { text, numeric, bytea, jsonb, timestamptz, integer };

/// What a column is for.
enum class ColumnRole : std::uint8_t {
  key,         ///< a key attribute
  item,        ///< the whole item as natural JSON
  types,       ///< what natural JSON cannot say
  changed_at,  ///< when the item last changed
  created_at,  ///< when the row first appeared
  version,     ///< of the record that wrote the row; docs/protocol.md, "Words"
  epoch,       ///< of the pass during which the row was last written
};

/// A column of a replica.
struct Column {
  std::string name;  ///< unquoted
  ColumnType type = ColumnType::text;
  ColumnRole role = ColumnRole::key;
  bool not_null = true;
  std::string_view comment{};  ///< in the database; empty: none

  std::string quoted() const;
};

/// The type in CREATE TABLE: `text COLLATE "C"`, `timestamptz`.
std::string_view type_definition(ColumnType type);

/// The type as format_type() gives it, with its collation: `timestamp with time zone`.
std::string_view type_in_catalogue(ColumnType type);

/// The type of a key attribute's column.
ColumnType key_column_type(KeyType type);

}  // namespace dynamite
