#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/batch.hpp"
#include "layout/layout.hpp"
#include "mapping/hashed_keys.hpp"

namespace dynamite {

class HistoryTable;
struct HistoryTarget;
class Routing;
struct RoutedChanges;
enum class TargetRows : std::uint8_t;

/// A table in PostgreSQL that is kept equal to a table in DynamoDB, and its tombstones.
struct Target {
  std::int32_t id = 0;
  std::string schema;
  std::string table;
  std::string tombstones;  ///< quoted: "dynamite"."tombstone_public.Orders"
  Mapping mapping;
  Layout layout;                 ///< the mapping's
  KeySchema source_keys;         ///< the source's; the layout has hashes of them, if any are hashed
  std::int32_t since_epoch = 0;  ///< the target is whole once a pass of this epoch is complete
  /// In the server's clock: when the target came to a registered replica, came to take other items,
  /// or came to have a history. Absent: never.
  std::optional<Micros> changed_at{};

  std::string qualified_name() const;  ///< quoted: "public"."Orders"

  const KeySchema& keys() const noexcept { return layout.keys().schema(); }
  // Both throw Error{usage} as Mapping::required_hash_key does.
  std::unique_ptr<RowWriter> writer() const;  ///< makes the values of its rows
  HashedKeys hashed_keys() const;             ///< makes its keys of the source's
};

/// The table in the state schema that holds the tombstones of `schema`.`table`, unquoted.
std::string tombstone_table(const std::string& schema, const std::string& table);

/// The target `schema`.`table` of a source with those keys. It is not registered yet. Its
/// tombstones go into `state_schema`.
Target new_target(const std::string& state_schema, std::string schema, std::string table,
                  const KeySchema& keys, Mapping mapping = {});

/// The table of the target's history, whether the target has one or not.
HistoryTable history_of(const Target& target);
/// What the statements of its history name.
HistoryTarget history_target(const Target& target);

/// What is kept of one DynamoDB table: a row of the state schema's `replica`, and its targets.
struct Replica {
  std::int32_t id = 0;
  std::shared_ptr<const SourceTable> source;
  std::string state_schema;
  std::int64_t mapping = 1;     ///< the number of the mapping; each change of a target raises it
  std::vector<Target> targets;  ///< at least one
  /// By the mappings of the targets; null: each target takes all.
  std::shared_ptr<const Routing> routing{};

  std::string name() const;             ///< of its DynamoDB table, as the log names it
  std::string qualified_names() const;  ///< of all targets, separated by commas

  /// The keys of its rows, tombstones and dead letters. They are the same in all targets: the
  /// source's, or hashes of them (require_same_keys).
  const KeySchema& keys() const { return targets.front().keys(); }
  bool hashes_keys() const;
  HashedKeys hashed_keys() const { return targets.front().hashed_keys(); }

  /// The key of `hash` that was given to its mappings; null: none.
  const std::shared_ptr<const HashKey>& hash_key() const {
    return targets.front().mapping.hash_key;
  }
  /// Throws Error{usage} as Mapping::required_hash_key does, for any of the targets.
  void require_hash_key() const;
};

/// Throws Error{usage} if the targets do not hash the same attributes of the key. Epoch, letters
/// and checkpoints are the source's: a key that one target hides must not stand there.
void require_same_keys(const Replica& replica);

/// Of targets of a source with those keys. Throws Error{usage} if a `where` is no clause.
std::shared_ptr<const Routing> routing_of(const std::vector<Target>& targets, const KeySchema& keys,
                                          TargetRows rows);

/// The changes of each target, by the replica's routing.
RoutedChanges routed_changes(const Replica& replica, std::span<const Change> changes);

/// `name` inside the state schema, both quoted.
std::string state_name(const std::string& state_schema, const std::string& name);

}  // namespace dynamite
