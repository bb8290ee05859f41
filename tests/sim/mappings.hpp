#pragma once

#include <cstddef>
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

/// What a target shows: all of an item, in either layout, if its clause takes the item.
MappingRules random_rules(const KeySchema& key_schema, std::mt19937_64& random);

/// What is different between rows and items; empty: each target has what its clause takes of
/// `items`.
std::string difference_of_items(pg::Connection& connection, const Replica& replica,
                                const std::vector<std::string>& items);

}  // namespace dynamite::sim
