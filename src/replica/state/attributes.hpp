#pragma once

#include <span>
#include <string>

#include "layout/attribute_note.hpp"
#include "pg/connection.hpp"
#include "replica/state/replica.hpp"

namespace dynamite {

/// Notes attributes of a target in the state schema's table `attribute`. Those that are there stay
/// as they are; none is added where very many are.
std::string note_attributes_sql(const std::string& state_schema);

/// The parameters of note_attributes_sql. Two transactions that note the same attributes in another
/// order may deadlock: `notes` are sorted.
pg::Params note_attributes_params(const Target& target, std::span<const AttributeNote> notes);

}  // namespace dynamite
