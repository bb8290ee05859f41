#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/key_schema.hpp"
#include "pg/array.hpp"

namespace dynamite {

enum class ColumnType : std::uint8_t {
  text,
  numeric,
  bytea,
  jsonb,
  timestamptz,
  integer,
  boolean,
  bigint,
  double_precision,
  date,
  uuid,
  text_array,
  numeric_array,
  bytea_array,
};

/// The type's name in the configuration: `double precision`, `text[]`.
std::string_view type_name(ColumnType type);
/// The type of that name; none if there is no such type.
std::optional<ColumnType> column_type_named(std::string_view name);

/// What a column is for.
enum class ColumnRole : std::uint8_t {
  key,         ///< a key attribute
  value,       ///< something of the item, which a RowWriter makes
  changed_at,  ///< when the item last changed
  created_at,  ///< when the row first appeared
  version,     ///< of the record that wrote the row; docs/protocol.md, "Words"
  epoch,       ///< of the pass during which the row was last written
  removed_at,  ///< when the item was removed whose row is kept; NULL: the item is there
};

/// A column of a replica.
struct Column {
  std::string name;  ///< unquoted
  ColumnType type = ColumnType::text;
  ColumnRole role = ColumnRole::key;
  bool not_null = true;
  std::string comment{};  ///< in the database; empty: none
  std::string field{};    ///< of a value: its name among the parameters of a put

  std::string quoted() const;
};

/// How values of a type travel in arrays, and what stands for one where there is none. Parts of a
/// key travel otherwise: see KeyColumns::select_rows.
struct TravelForm {
  pg::ElementType element;
  std::string_view array_of;     ///< the SQL type of an element: `text`
  std::string_view cast;         ///< of an element to the type: `::jsonb`; empty: none is needed
  std::string_view placeholder;  ///< SQL of a value that may stand in any NOT NULL column
};

const TravelForm& travel_form(ColumnType type);

/// The type in CREATE TABLE: `text COLLATE "C"`, `timestamptz`, `text[] COLLATE "C"`.
std::string_view type_definition(ColumnType type);

/// The type as format_type() gives it, with its collation: `timestamp with time zone`.
std::string_view type_in_catalogue(ColumnType type);

/// The type of a key attribute's column.
ColumnType key_column_type(KeyType type);

}  // namespace dynamite
