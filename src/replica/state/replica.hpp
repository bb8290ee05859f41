#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/batch.hpp"

namespace dynamite {

/// The columns of layout `document` that are ours; each has underscores appended until it differs
/// from the key columns' names.
struct BookkeepingColumns {
  std::string item, mod_time, create_time, types, version, epoch;
};

BookkeepingColumns bookkeeping_columns(const KeySchema& key_schema);

/// A table in PostgreSQL that is kept equal to a table in DynamoDB: a row of the state schema's
/// `replica`.
struct Replica {
  std::int32_t id = 0;
  std::shared_ptr<const SourceTable> source;
  std::string schema;
  std::string table;
  std::string state_schema;

  std::string qualified_name() const;            ///< quoted: "public"."Orders"
  std::string tombstones() const;                ///< quoted: "dynamite"."tombstone_public.Orders"
  std::vector<std::string> key_columns() const;  ///< quoted: the partition key's and the sort key's
};

/// The column of a key attribute, unquoted: its name, shortened to what PostgreSQL takes, with an
/// underscore behind the names of system columns.
std::string key_column_name(const KeyAttribute& attribute);

/// `name` inside the state schema, both quoted.
std::string state_name(const std::string& state_schema, const std::string& name);

/// PostgreSQL's type of a key attribute: text COLLATE "C", numeric, bytea.
std::string_view key_column_type(KeyType type);

}  // namespace dynamite
