#include "ingest/known_replicas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/arn.hpp"
#include "core/error.hpp"
#include "replica/state/catalogue.hpp"

namespace dynamite {
namespace {

constexpr int kCreateAttemptsMax = 3;  // others create state schema, schema and table beside us

}  // namespace

KnownReplicas::KnownReplicas(std::string state_schema, CreateReplica create,
                             std::shared_ptr<const HashKey> hash_key)
    : state_schema_{std::move(state_schema)},
      create_{std::move(create)},
      hash_key_{std::move(hash_key)} {}

const Replica* KnownReplicas::find(const std::string& table_arn) const {
  const auto found = replicas_.find(table_arn);
  return found == replicas_.end() ? nullptr : &found->second;
}

const Replica* KnownReplicas::find_unchanged(const SourceTable& source) const {
  const Replica* const replica = find(source.arn);
  return replica != nullptr && replica->source->key_schema == source.key_schema ? replica : nullptr;
}

void KnownReplicas::load_once(pg::Connection& connection) {
  if (!loaded_) load(connection);
}

void KnownReplicas::forget() {
  loaded_ = false;
  replicas_.clear();
  tables_.clear();
}

void KnownReplicas::load(pg::Connection& connection) {
  Catalogue catalogue{connection, state_schema_, hash_key_};
  if (!catalogue.version() && create_) return;  // made with the first replica
  catalogue.require_usable();
  forget();
  for (Replica& replica : catalogue.load()) {
    std::string arn = replica.source->arn;
    tables_.emplace(arn, replica.source);
    replicas_.emplace(std::move(arn), std::move(replica));
  }
  loaded_ = true;
}

const Replica& KnownReplicas::find_or_create(const std::string& table_arn,
                                             pg::Connection& connection,
                                             const std::stop_token& stop) {
  if (find(table_arn) == nullptr) load(connection);
  if (find(table_arn) == nullptr && create_) create(table_arn, connection, stop);
  if (const Replica* const replica = find(table_arn)) return *replica;
  refuse_other_arn(table_arn);
  throw Error{Error::Kind::usage, fmt::format("no replica belongs to {}", table_arn),
              "run `dynamite bootstrap`"};
}

// Several functions meet a new table at the same time. PostgreSQL refuses the second one, which
// then finds the replica that the first one made.
void KnownReplicas::create(const std::string& table_arn, pg::Connection& connection,
                           const std::stop_token& stop) {
  for (int attempt = 1; attempt <= kCreateAttemptsMax && find(table_arn) == nullptr; ++attempt) {
    try {
      create_(connection, table_arn, stop);
    } catch (const Error& error) {
      if (attempt == kCreateAttemptsMax || error.kind() != Error::Kind::transient ||
          !connection.usable())
        throw;
    }
    load(connection);
  }
}

void KnownReplicas::refuse_other_arn(const std::string& table_arn) const {
  const std::string name = table_name_of(table_arn);
  const auto namesake = std::ranges::find_if(
      replicas_, [&](const auto& replica) { return table_name_of(replica.first) == name; });
  if (namesake == replicas_.end()) return;
  throw Error{Error::Kind::usage,
              fmt::format("a record of {} came, but the replica {} belongs to {}", table_arn,
                          namesake->second.qualified_names(), namesake->first),
              "check the function's event source mappings, or replicate `into` another table"};
}

}  // namespace dynamite
