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

/// A table in PostgreSQL that is kept equal to a table in DynamoDB, and its tombstones.
struct Target {
  std::int32_t id = 0;
  std::string schema;
  std::string table;
  std::string tombstones;        ///< quoted: "dynamite"."tombstone_public.Orders"
  std::int32_t since_epoch = 0;  ///< the target is whole once a pass of this epoch is complete

  std::string qualified_name() const;  ///< quoted: "public"."Orders"
};

/// The table in the state schema that holds the tombstones of `schema`.`table`, unquoted.
std::string tombstone_table(const std::string& schema, const std::string& table);

/// The target `schema`.`table`, which is not registered yet. Its tombstones go into `state_schema`.
Target new_target(const std::string& state_schema, std::string schema, std::string table);

/// What is kept of one DynamoDB table: a row of the state schema's `replica`, and its targets.
struct Replica {
  std::int32_t id = 0;
  std::shared_ptr<const SourceTable> source;
  std::string state_schema;
  std::int64_t mapping = 1;     ///< the number of the mapping; each change of a target raises it
  std::vector<Target> targets;  ///< at least one

  const std::string& name() const;      ///< the first target's table: names the replica in logs
  std::string qualified_names() const;  ///< of all targets, separated by commas
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
