#pragma once

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/key_schema.hpp"
#include "mapping/mapping.hpp"
#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite::sim {

/// Replicas of simulated tables have so many targets at most.
inline constexpr std::size_t kTargetsMax = 4;

/// `item` with the attribute "kind", about which clauses ask: none, or S "x", "y" or "z".
std::string with_kind(std::string item, std::mt19937_64& random);

/// Items that a target takes: all of them, or those of a clause about the key or about attributes.
std::string random_clause(const KeySchema& key_schema, std::mt19937_64& random);

/// The key of `hash` in all worlds.
const std::shared_ptr<const HashKey>& hash_key();

/// Attributes of the key that all targets of a table hash; mostly none.
std::vector<std::string> random_hashed_keys(const KeySchema& key_schema, std::mt19937_64& random);

/// What a target shows: all of an item, in either layout, if its clause takes the item. It may hash
/// values, keep rows of removed items, and have a history. `hashed_keys`: attributes of the key.
MappingRules random_rules(const KeySchema& key_schema, const std::vector<std::string>& hashed_keys,
                          std::mt19937_64& random);

/// Switches one of them off or on: kept rows, a history, or which values beside `hashed_keys` are
/// hashed.
void switch_one(MappingRules& rules, const std::vector<std::string>& hashed_keys,
                std::mt19937_64& random);

/// What is different between rows and items; empty: each target has what its clause takes of
/// `items`.
std::string difference_of_items(pg::Connection& connection, const Replica& replica,
                                const std::vector<std::string>& items);

}  // namespace dynamite::sim
