#pragma once

#include <string>
#include <vector>

#include "layout/row_writer.hpp"
#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// How often an attribute is in `_rest`.
struct AttributeShare {
  AttributeNote attribute;
  double share = 0;  ///< of the target's rows
};

/// Looks into some of the target's rows, notes in the state schema how often which attributes are
/// in
/// `_rest`, and returns it. Rare ones that no applier has noted are left out. If no applier has
/// noted any, no row is looked at.
std::vector<AttributeShare> sample_shares(pg::Connection& connection, const Replica& replica,
                                          const Target& target);

/// The shares as the last sample_shares found them, by name and type.
std::vector<AttributeShare> noted_shares(pg::Connection& connection, const Replica& replica,
                                         const Target& target);

/// What appliers have noted since then, of which no share is known yet.
std::vector<AttributeNote> uncounted_notes(pg::Connection& connection, const Replica& replica,
                                           const Target& target);

/// The attributes that are worth a column, each with its most frequent type; the most frequent
/// attribute comes first.
std::vector<AttributeNote> frequent_attributes(const std::vector<AttributeShare>& shares);

/// The name of the value column `_rest` or `_types`, quoted. `field`: Column::field.
std::string value_column(const Target& target, std::string_view field);

/// SQL of the JSON pointer to an attribute of the item. `name`: SQL of the attribute's name.
std::string pointer_sql(std::string_view name);

}  // namespace dynamite
