#include "engine/key_repair.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/error.hpp"
#include "mapping/routing.hpp"
#include "pg/pg_error.hpp"
#include "replica/apply/epoch_repeat.hpp"
#include "replica/state/catalogue.hpp"
#include "replica/state/newest_versions.hpp"
#include "source/read_back.hpp"

namespace dynamite {
namespace {

constexpr int kMappingsMax = 10;  // mappings do not change that often

/// As the replica has them.
std::vector<std::string> key_list(std::span<const DoubtfulKey> keys, const Replica& table) {
  HashedKeys hashed = table.hashed_keys();
  std::vector<std::string> list;
  for (const DoubtfulKey& doubtful : keys) list.emplace_back(hashed.of(doubtful.key));
  return list;
}

/// Changes of the keys that no later record wrote anew. Their images are still to be read back.
/// What wrote a key anew may have been nothing to a target with a clause.
Batch changes_of(std::span<const DoubtfulKey> keys, const NewestVersions& newest,
                 const Replica& table) {
  const auto now =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  Batch batch;
  batch.table = table.source;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool recorded = keys[i].version != Version{};
    if (recorded && !table.routing && newest.versions[i] > keys[i].version) continue;
    // The record's own version serves only if it is newer than all that the replica knows of the
    // key, and than all that a history notes of it: what is read would not be the newest there.
    const Version& known = std::max(newest.versions[i], newest.noted[i]);
    const bool newer = keys[i].version > known;
    batch.changes.push_back({.key = keys[i].key,
                             .image = {},
                             .record = keys[i].record,
                             .version = newer ? keys[i].version : known.after(),
                             .time = now});
  }
  return batch;
}

Replica with_doubtful_rows(Replica table) {
  table.routing = routing_of(table.targets, table.source->key_schema, TargetRows::doubtful);
  return table;
}

}  // namespace

KeyRepair::KeyRepair(DynamoDb& dynamodb, pg::Connection& connection, Replica table,
                     ApplyOptions options)
    : dynamodb_{dynamodb},
      connection_{connection},
      table_{with_doubtful_rows(std::move(table))},
      applier_{connection, options} {}

std::vector<DoubtfulKey> doubtful_keys(DeadLetters& letters, std::span<const StoredLetter> page) {
  std::vector<DoubtfulKey> keys;
  for (const StoredLetter& letter : page)
    if (!letter.key.empty())
      keys.push_back({.key = letter.key,
                      .version = letter.version,
                      .letter = letter.id,
                      .record = letters.record(letter.id).value_or("")});
  return keys;
}

ApplyOutcome KeyRepair::apply(std::span<const DoubtfulKey> keys, std::stop_token stop) {
  for (int attempt = 1;; ++attempt) {
    try {
      return repeat_while_epoch_passes([&] { return apply_once(keys, stop); });
    } catch (const pg::PgError& error) {
      if (error.sqlstate() != pg::kMappingChanged || attempt == kMappingsMax) throw;
      load_table();
    }
  }
}

void KeyRepair::load_table() {
  auto now = Catalogue{connection_, table_}.find(table_.source->arn);
  if (!now)
    throw Error{Error::Kind::gone,
                "the replica " + table_.qualified_names() + " is no longer registered"};
  table_ = with_doubtful_rows(std::move(*now));
}

ApplyOutcome KeyRepair::apply_once(std::span<const DoubtfulKey> keys, const std::stop_token& stop) {
  if (keys.empty()) return {};
  const NewestVersions newest = newest_versions(connection_, table_, key_list(keys, table_));
  const Batch doubtful = changes_of(keys, newest, table_);
  const Batch now = read_back(dynamodb_, doubtful, stop);
  ApplyRequest request{
      .table = table_, .batch = now, .fence = {.writer = ByReadBack{newest.epoch}}};
  for (const DoubtfulKey& key : keys)
    if (key.letter) request.retried_letters.push_back(*key.letter);
  return applier_.apply(request, {.stop = stop});
}

}  // namespace dynamite
